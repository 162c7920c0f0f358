/*
 * Adds a certificate to the authorities that the user of this Windows trusts.
 *
 *     trust_wine CERTIFICATE
 *
 * The file has one certificate in DER form. The status is 0 if the store has it. Windows asks the user by a
 * dialog; wine does not.
 */

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <wincrypt.h>

#include <stdio.h>
#include <stdlib.h>

static int report(const char *what)
{
    fprintf(stderr, "trust_wine: %s failed: %lu\n", what, (unsigned long)GetLastError());
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static BYTE data[65536];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    size_t length = file == NULL ? 0 : fread(data, 1, sizeof data, file);
    HCERTSTORE store;

    if (file == NULL) {
        fprintf(stderr, "usage: trust_wine CERTIFICATE\n");
        return EXIT_FAILURE;
    }
    fclose(file);
    store = CertOpenStore(CERT_STORE_PROV_SYSTEM_A, 0, 0, CERT_SYSTEM_STORE_CURRENT_USER, "Root");
    if (store == NULL) {
        return report("CertOpenStore");
    }
    if (!CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, data, (DWORD)length,
                                          CERT_STORE_ADD_REPLACE_EXISTING, NULL)) {
        return report("CertAddEncodedCertificateToStore");
    }
    return CertCloseStore(store, 0) ? EXIT_SUCCESS : report("CertCloseStore");
}
