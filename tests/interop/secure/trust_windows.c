/*
 * Adds a certificate to the authorities that Windows trusts, for all users of this machine, or removes it.
 *
 *     trust_windows add|remove CERTIFICATE
 *
 * The file has one certificate in DER form. The status is 0 if the store has changed.
 */

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <wincrypt.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int report(const char *what)
{
    fprintf(stderr, "trust_windows: %s failed: %lu\n", what, (unsigned long)GetLastError());
    return EXIT_FAILURE;
}

static int change(HCERTSTORE store, const char *what, const BYTE *data, DWORD length)
{
    PCCERT_CONTEXT certificate = CertCreateCertificateContext(X509_ASN_ENCODING, data, length);
    PCCERT_CONTEXT known;

    if (certificate == NULL) {
        return report("CertCreateCertificateContext");
    }
    if (strcmp(what, "add") == 0) {
        return CertAddCertificateContextToStore(store, certificate, CERT_STORE_ADD_REPLACE_EXISTING, NULL)
                   ? EXIT_SUCCESS
                   : report("CertAddCertificateContextToStore");
    }
    known = CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_EXISTING, certificate, NULL);
    return known != NULL && CertDeleteCertificateFromStore(known) ? EXIT_SUCCESS : report("removing");
}

int main(int argc, char **argv)
{
    static BYTE data[65536];
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    size_t length = file == NULL ? 0 : fread(data, 1, sizeof data, file);
    HCERTSTORE store;
    int status;

    if (file == NULL) {
        fprintf(stderr, "usage: trust_windows add|remove CERTIFICATE\n");
        return EXIT_FAILURE;
    }
    fclose(file);
    store = CertOpenStore(CERT_STORE_PROV_SYSTEM_A, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, "Root");
    if (store == NULL) {
        return report("CertOpenStore");
    }
    status = change(store, argv[1], data, (DWORD)length);
    CertCloseStore(store, 0);
    return status;
}
