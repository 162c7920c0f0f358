//! Reads all certificates of an engine's `X509Certificate`, which its own methods do not return: `save()` and
//! `save_to_string()` repeat the first one. A TLS server of the engine sends them all in its handshake, without
//! encryption up to TLS 1.2. So the engine gets the first message of a client in memory, and answers into memory.

use data_encoding::BASE64;
use godot::classes::{
    Crypto, CryptoKey, StreamPeerBuffer, StreamPeerTls, TlsOptions as EngineTlsOptions, X509Certificate,
};
use godot::prelude::*;

use super::tls::muted;
use crate::net::random;

/// Type of a TLS record with handshake messages (RFC 5246 section 6.2.1).
const HANDSHAKE_RECORD: u8 = 22;
/// Type of the handshake message with the certificates (RFC 5246 section 7.4).
const CERTIFICATE_MESSAGE: u8 = 11;

/// Bits of a key that signs nothing that counts: the certificates come before the signature.
const UNUSED_KEY_BITS: i32 = 1024;

/// Returns a list of certificates as PEM text, in its order; `None` if the first one is not good for a server, because
/// its keyUsage allows only to sign certificates. Without `key`, any private key is used.
pub(super) fn sent_by_engine(certificate: &Gd<X509Certificate>, key: Option<&Gd<CryptoKey>>) -> Option<String> {
    let key = match key {
        Some(key) => key.clone(),
        None => Crypto::new_gd().generate_rsa(UNUSED_KEY_BITS)?,
    };
    let options = EngineTlsOptions::server(&key, certificate)?;
    let hello = client_hello();
    let mut memory = StreamPeerBuffer::new_gd();
    memory.set_data_array(&PackedByteArray::from(hello.as_slice()));
    let mut stream = StreamPeerTls::new_gd();
    // The handshake does not end, because no second message comes.
    let _unfinished = muted(|| stream.accept_stream(&memory, &options));
    stream.disconnect_from_stream();
    let written = memory.get_data_array();
    let certificates = certificates(written.as_slice().get(hello.len()..)?)?;
    Some(certificates.iter().map(|der| pem(der)).collect())
}

/// Returns the first message of a client that supports TLS 1.2 and the usual keys (RFC 5246 section 7.4.1.2).
fn client_hello() -> Vec<u8> {
    // ECDHE with ECDSA or RSA, AES-GCM or ChaCha20-Poly1305.
    const CIPHER_SUITES: [u16; 6] = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8];
    // X25519, P-256, P-384 (RFC 8422 section 5.1.1).
    const GROUPS: [u16; 3] = [29, 23, 24];
    // ECDSA, RSA and RSA-PSS with SHA-256, SHA-384 and SHA-512 (RFC 8446 section 4.2.3).
    const SIGNATURES: [u16; 9] = [0x0403, 0x0503, 0x0603, 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806];
    let list = |values: &[u16]| sized(2, &values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<u8>>());
    let extension = |number: u16, data: &[u8]| [&number.to_be_bytes()[..], &sized(2, data)].concat();
    let extensions = [
        extension(10, &list(&GROUPS)),
        // Uncompressed points.
        extension(11, &[1, 0]),
        extension(13, &list(&SIGNATURES)),
    ]
    .concat();
    let body = [
        &[3, 3][..],
        &random::nonce(),
        &random::nonce(),
        // No session, and no compression.
        &[0],
        &list(&CIPHER_SUITES),
        &[1, 0],
        &sized(2, &extensions),
    ]
    .concat();
    let message = [&[1][..], &sized(3, &body)].concat();
    [&[HANDSHAKE_RECORD, 3, 1][..], &sized(2, &message)].concat()
}

/// Returns data after its length of some bytes.
fn sized(length_bytes: usize, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes();
    [length.get(length.len() - length_bytes..).unwrap_or_default(), data].concat()
}

/// Returns the certificates in a server's records (RFC 5246 section 7.4.2); `None` if there is no complete list.
fn certificates(mut records: &[u8]) -> Option<Vec<&[u8]>> {
    // Only for a list in one record, which the engine writes for up to 16 KiB.
    while let Some((&kind, rest)) = records.split_first() {
        let (record, rest) = split_sized(2, rest.get(2..)?)?;
        records = rest;
        if kind != HANDSHAKE_RECORD {
            continue;
        }
        let mut messages = record;
        while let Some((&kind, rest)) = messages.split_first() {
            let (message, rest) = split_sized(3, rest)?;
            messages = rest;
            if kind == CERTIFICATE_MESSAGE {
                return list(split_sized(3, message)?.0);
            }
        }
    }
    None
}

fn list(mut data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut certificates = Vec::new();
    while !data.is_empty() {
        let (certificate, rest) = split_sized(3, data)?;
        certificates.push(certificate);
        data = rest;
    }
    Some(certificates)
}

/// Splits off data that begins with its length of some bytes.
fn split_sized(length_bytes: usize, data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, data) = data.split_at_checked(length_bytes)?;
    let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    data.split_at_checked(length)
}

fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let encoded = BASE64.encode(der);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII.
        let (line, tail) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text + "-----END CERTIFICATE-----\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's first record with the certificates "ab" and "c", after an empty ServerHello.
    const RECORD: &[u8] = &[22, 3, 3, 0, 20, 2, 0, 0, 0, 11, 0, 0, 12, 0, 0, 9, 0, 0, 2, b'a', b'b', 0, 0, 1, b'c'];

    #[test]
    fn the_list_is_read_from_the_records() {
        assert_eq!(certificates(RECORD), Some(vec![&b"ab"[..], b"c"]));
        let alert_first = [&[21, 3, 3, 0, 2, 1, 0][..], RECORD].concat();
        assert_eq!(certificates(&alert_first), Some(vec![&b"ab"[..], b"c"]));
        for length in 0..RECORD.len() {
            assert_eq!(certificates(&RECORD[..length]), None, "{length}");
        }
    }

    #[test]
    fn pem_has_lines_of_64_characters() {
        assert_eq!(pem(b"abc"), "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n");
        assert!(pem(&[7; 200]).lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn the_first_message_is_one_record_of_its_length() {
        let hello = client_hello();
        let (record, rest) = split_sized(2, &hello[3..]).unwrap();
        let (message, after) = split_sized(3, &record[1..]).unwrap();
        assert!(rest.is_empty() && after.is_empty() && message.starts_with(&[3, 3]));
    }
}
