//! `wsp_tls_options`: certificates and keys of TLS clients and servers.

use std::ffi::c_char;

use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::arguments::{optional_text, required_text};
use super::error::wsp_error;
use super::handle::{Guarded, Handle, free, handle, leak, lend_refusal, run, with};
use crate::error::Result;
use crate::net::tls::options::{TlsOptions, read_pem_file};
use crate::net::{ClientTls, ServerTls};

/// TLS options of clients or servers. Certificates and keys are PEM texts (`-----BEGIN CERTIFICATE-----`), passed as
/// such or as files. Connections copy the options, which may be changed or freed afterwards. Connections with the same
/// options resume each other's TLS sessions.
///
/// Any function may be called from any thread. No function blocks, except to read the named files.
#[derive(Debug)]
pub struct wsp_tls_options {
    guarded: Mutex<Guarded<TlsOptions>>,
}
handle!(wsp_tls_options, TlsOptions, ());

/// Returns the options of a client; `None` for NULL.
///
/// # Safety
/// `options` is NULL or a live handle.
pub(super) unsafe fn client_tls(options: *const wsp_tls_options) -> Result<Option<ClientTls>> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: as this function.
    unsafe { with(options, |options| options.object.client().map(Some)) }
}

/// Returns the options of a server; `None` for NULL.
///
/// # Safety
/// `options` is NULL or a live handle.
pub(super) unsafe fn server_tls(options: *const wsp_tls_options) -> Result<Option<ServerTls>> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: as this function.
    unsafe { with(options, |options| options.object.server().map(Some)) }
}

/// # Safety
/// `path` is NULL or a NUL-terminated string.
unsafe fn file(path: *const c_char, name: &str) -> Result<Zeroizing<String>> {
    // SAFETY: as this function.
    read_pem_file(unsafe { required_text(path, name) }?)
}

/// # Safety
/// `path` is NULL or a NUL-terminated string.
unsafe fn optional_file(path: *const c_char, name: &str) -> Result<Option<String>> {
    // SAFETY: as this function.
    let text = unsafe { optional_text(path, name) }?.map(read_pem_file).transpose()?;
    Ok(text.map(|text| text.as_str().to_owned()))
}

/// # Safety
/// `pem` is NULL or a NUL-terminated string.
unsafe fn optional_pem(pem: *const c_char, name: &str) -> Result<Option<String>> {
    // SAFETY: as this function.
    Ok(unsafe { optional_text(pem, name) }?.map(str::to_owned))
}

/// Makes options of a client that trusts the certificates that the operating system trusts; on Android, those of
/// Mozilla's list, which the library contains. Never returns NULL. The caller owns the options and frees them with
/// wsp_tls_options_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_tls_options_new() -> *mut wsp_tls_options {
    leak(TlsOptions::default())
}

/// Frees options. Connections that use them are not affected. NULL is ignored. No other thread may use the options any
/// more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_free(options: *mut wsp_tls_options) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(options) };
}

/// Makes the options those of a client that verifies the server's certificate. Its chain must lead to a certificate in
/// `trusted_pem`, or, if that is NULL, to one that the operating system trusts. Its name must be
/// `common_name_override`, or, if that is NULL, the host of the URL.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if `options` is NULL or for an invalid certificate; WSP_ERR_INVALID_DATA if a text
/// is not UTF-8. Nothing changes then; wsp_tls_options_get_error_message() returns the reason.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_client(
    options: *mut wsp_tls_options,
    trusted_pem: *const c_char,
    common_name_override: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let name = optional_text(common_name_override, "common_name_override")?.unwrap_or_default();
            options.set_client(optional_pem(trusted_pem, "trusted_pem")?, name)
        })
    }
}

/// Does the same as wsp_tls_options_client() with the trusted certificates in a file.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_client(); WSP_ERR_INVALID_PARAMETER
/// also if the path is NULL or the file cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_client_from_file(
    options: *mut wsp_tls_options,
    trusted_path: *const c_char,
    common_name_override: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let name = optional_text(common_name_override, "common_name_override")?.unwrap_or_default();
            options.set_client(Some(file(trusted_path, "trusted_path")?.as_str().to_owned()), name)
        })
    }
}

/// Makes the options those of a client that does not verify the server's name. The chain must lead to a certificate in
/// `trusted_pem`; if that is NULL, nothing is verified, and an attacker on the network can read and change all data.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_client().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_client_unsafe(
    options: *mut wsp_tls_options,
    trusted_pem: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(options, |options| options.set_client_unsafe(optional_pem(trusted_pem, "trusted_pem")?)) }
}

/// Does the same as wsp_tls_options_client_unsafe() with the trusted certificates in a file; NULL for none.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_client(); WSP_ERR_INVALID_PARAMETER
/// also if the file cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_client_unsafe_from_file(
    options: *mut wsp_tls_options,
    trusted_path: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(options, |options| options.set_client_unsafe(optional_file(trusted_path, "trusted_path")?)) }
}

/// Makes the options those of a server. `private_key_pem` is an RSA, ECDSA (P-256, P-384) or Ed25519 key in PKCS#8,
/// PKCS#1 (RSA) or SEC1 (EC) form. `certificate_pem` is its certificate, followed by the intermediate certificates.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, for an invalid key or certificate, or if the key does not
/// belong to the certificate; WSP_ERR_INVALID_DATA if a text is not UTF-8. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_server(
    options: *mut wsp_tls_options,
    private_key_pem: *const c_char,
    certificate_pem: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let key = required_text(private_key_pem, "private_key_pem")?;
            options.set_server(key, required_text(certificate_pem, "certificate_pem")?)
        })
    }
}

/// Does the same as wsp_tls_options_server() with files.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_server(); WSP_ERR_INVALID_PARAMETER
/// also if a file cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_server_from_files(
    options: *mut wsp_tls_options,
    private_key_path: *const c_char,
    certificate_path: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let key = file(private_key_path, "private_key_path")?;
            options.set_server(&key, &file(certificate_path, "certificate_path")?)
        })
    }
}

/// Sets the key and the certificate that a client presents to servers that request one (mutual TLS); both as for
/// wsp_tls_options_server().
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_server(); WSP_ERR_INVALID_PARAMETER
/// also if the options are those of a server. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_set_client_certificate(
    options: *mut wsp_tls_options,
    private_key_pem: *const c_char,
    certificate_pem: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let key = required_text(private_key_pem, "private_key_pem")?;
            options.set_client_certificate(key, required_text(certificate_pem, "certificate_pem")?)
        })
    }
}

/// Does the same as wsp_tls_options_set_client_certificate() with files.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_set_client_certificate();
/// WSP_ERR_INVALID_PARAMETER also if a file cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_set_client_certificate_from_files(
    options: *mut wsp_tls_options,
    private_key_path: *const c_char,
    certificate_path: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let key = file(private_key_path, "private_key_path")?;
            options.set_client_certificate(&key, &file(certificate_path, "certificate_path")?)
        })
    }
}

/// Makes a server request a certificate from clients (mutual TLS), whose chain must lead to one of `ca_pem`. If
/// `is_required`, clients without a certificate are refused. wsp_peer_get_tls_info() reports the client's identity.
///
/// Errors: WSP_ERR_INVALID_PARAMETER if a pointer is NULL, for an invalid certificate, or if the options are not those
/// of a server; WSP_ERR_INVALID_DATA if `ca_pem` is not UTF-8. Nothing changes then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_set_client_ca(
    options: *mut wsp_tls_options,
    ca_pem: *const c_char,
    is_required: bool,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(options, |options| options.set_client_ca(required_text(ca_pem, "ca_pem")?, is_required)) }
}

/// Does the same as wsp_tls_options_set_client_ca() with a file.
///
/// Errors: WSP_ERR_INVALID_PARAMETER, WSP_ERR_INVALID_DATA, as for wsp_tls_options_set_client_ca();
/// WSP_ERR_INVALID_PARAMETER also if the file cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_set_client_ca_from_file(
    options: *mut wsp_tls_options,
    ca_path: *const c_char,
    is_required: bool,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(options, |options| options.set_client_ca(&file(ca_path, "ca_path")?, is_required)) }
}

/// Returns why the last refused call was refused, "" if none was. One sentence in English. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_get_error_message(options: *const wsp_tls_options) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    unsafe { lend_refusal(options) }
}
