#!/usr/bin/env bash
# Makes the certificates of the tests beside this file, anew in each run.
#
#   certificates.sh OPENSSL DIRECTORY
#
# DIRECTORY gets NAME.pem, the chain from the certificate up to below the authority, the same as
# NAME.crt, and NAME.key in PKCS#8 form. Names below .test are no one's (RFC 6761); names.c knows them.
set -euo pipefail

openssl=$1
directory=$2
mkdir -p -- "$directory"
cd -- "$directory"
# Nothing of the machine's own settings.
export OPENSSL_CONF=$PWD/openssl.cnf

cat >openssl.cnf <<'CONFIGURATION'
[req]
distinguished_name = subject
prompt = no
[subject]
[ca]
default_ca = authority
[authority]
new_certs_dir = .
database = index
default_md = sha256
rand_serial = yes
unique_subject = no
policy = any
copy_extensions = none
[any]
commonName = supplied
organizationName = optional
[of_authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[of_server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = ${ENV::NAMES}
[of_client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
CONFIGURATION
export NAMES=DNS:game.test
: >index

# key NAME KIND
key() {
    case $2 in
    rsa) set -- "$1" -algorithm RSA -pkeyopt rsa_keygen_bits:2048 ;;
    p256) set -- "$1" -algorithm EC -pkeyopt ec_paramgen_curve:P-256 ;;
    p384) set -- "$1" -algorithm EC -pkeyopt ec_paramgen_curve:P-384 ;;
    ed25519) set -- "$1" -algorithm ED25519 ;;
    esac
    "$openssl" genpkey "${@:2}" -out "$1.key" 2>>log
}

# self_signed NAME SUBJECT EXTENSIONS
self_signed() {
    "$openssl" req -x509 -new -key "$1.key" -subj "$2" -extensions "$3" -days 30 -out "$1.pem" 2>>log
}

# signed NAME SUBJECT EXTENSIONS AUTHORITY [START END]
signed() {
    local start=${5:-20200101000000Z} end=${6:-20491231235959Z}
    "$openssl" req -new -key "$1.key" -subj "$2" -out "$1.csr" 2>>log
    # The only command of OpenSSL 3.0 that takes both dates.
    "$openssl" ca -batch -notext -in "$1.csr" -out "$1.pem" -cert "$4.pem" -keyfile "$4.key" -extensions "$3" \
        -startdate "$start" -enddate "$end" 2>>log
}

for name in authority other-authority client-authority; do
    key $name p256
    self_signed $name "/O=wspeer tests/CN=$name" of_authority
done
key intermediate p256
signed intermediate '/O=wspeer tests/CN=intermediate' of_authority authority

# Servers of game.test and localhost, one for each kind of key.
NAMES=DNS:game.test,DNS:localhost
for kind in rsa p256 p384 ed25519; do
    key $kind $kind
    signed $kind "/O=wspeer tests/CN=$kind" of_server authority
done
"$openssl" rsa -in rsa.key -traditional -out rsa-pkcs1.key 2>>log
"$openssl" ec -in p256.key -out p256-sec1.key 2>>log

key chain p256
signed chain '/O=wspeer tests/CN=chain' of_server intermediate
cp chain.pem without-intermediate.pem
cp chain.key without-intermediate.key
cat intermediate.pem >>chain.pem

key wildcard p256
NAMES='DNS:*.game.test' signed wildcard '/CN=wildcard' of_server authority
key ip p256
NAMES=IP:127.0.0.1,IP:::1 signed ip '/CN=ip' of_server authority
key other-ip p256
NAMES=IP:192.0.2.1 signed other-ip '/CN=other-ip' of_server authority
key other-name p256
NAMES=DNS:other.test signed other-name '/CN=game.test' of_server authority
# As the engine's Crypto makes them: the name in the subject alone.
key common-name p256
self_signed common-name /CN=game.test of_client
key expired p256
signed expired /CN=expired of_server authority 20200101000000Z 20210101000000Z
key future p256
signed future /CN=future of_server authority 20480101000000Z 20490101000000Z
key unknown p256
signed unknown /CN=unknown of_server other-authority
key self-signed p256
self_signed self-signed /CN=self-signed of_server
# Whose owner acts as an authority and is none.
key by-no-authority p256
signed by-no-authority /CN=by-no-authority of_server p256
cat p256.pem >>by-no-authority.pem

key client ed25519
signed client '/O=wspeer tests/CN=player' of_client client-authority
key client-rsa rsa
signed client-rsa '/O=wspeer tests/CN=player with RSA' of_client client-authority
key client-unknown p256
signed client-unknown /CN=stranger of_client other-authority
key client-expired p256
signed client-expired /CN=late of_client client-authority 20200101000000Z 20210101000000Z
key client-as-server p256
signed client-as-server /CN=server of_server client-authority
key client-self-signed p256
self_signed client-self-signed /CN=self-signed of_client

# By this name the engine knows what it is.
for name in *.pem; do cp -- "$name" "${name%.pem}.crt"; done
