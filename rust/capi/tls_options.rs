//! `wsp_tls_options`.

use std::ffi::c_char;

use parking_lot::Mutex;

use super::error::wsp_error;
use super::handle::{Content, Handle, free, handle, leak, with};
use super::text::{optional, required};
use crate::error::Result;
use crate::net::tls::options::{TlsOptions, read_pem_file};
use crate::net::{ClientTls, ServerTls};

/// TLS settings of clients or servers. Certificates and keys are texts in PEM format (`-----BEGIN CERTIFICATE-----`), given as such or
/// as files. Connections take a copy: the options may be changed or freed while they run. Sessions are resumed between connections
/// with the same settings.
///
/// Any function may be called from any thread. Nothing blocks, except for reading the named files.
#[derive(Debug)]
pub struct wsp_tls_options {
    content: Mutex<Content<TlsOptions>>,
}
handle!(wsp_tls_options, TlsOptions);

type Call<'a> = &'a mut TlsOptions;

unsafe fn run(options: *mut wsp_tls_options, call: impl FnOnce(Call<'_>) -> Result) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle.
    (&unsafe { with(options, |content| call(&mut content.object)) }).into()
}

/// The settings of a client; NULL for none.
pub(super) unsafe fn client(options: *const wsp_tls_options) -> Result<Option<ClientTls>> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller passes a live handle.
    unsafe { with(options, |content| content.object.client().map(Some)) }
}

/// The settings of a server; NULL for none.
pub(super) unsafe fn server(options: *const wsp_tls_options) -> Result<Option<ServerTls>> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller passes a live handle.
    unsafe { with(options, |content| content.object.server().map(Some)) }
}

unsafe fn file(path: *const c_char, name: &str) -> Result<String> {
    // SAFETY: the caller passes NULL or a live string.
    read_pem_file(unsafe { required(path, name) }?)
}

unsafe fn optional_file(path: *const c_char, name: &str) -> Result<Option<String>> {
    // SAFETY: the caller passes NULL or a live string.
    unsafe { optional(path, name) }?.map(read_pem_file).transpose()
}

unsafe fn text(text: *const c_char, name: &str) -> Result<Option<String>> {
    // SAFETY: the caller passes NULL or a live string.
    Ok(unsafe { optional(text, name) }?.map(str::to_owned))
}

/// Makes options of a client that trusts what the operating system trusts. The caller owns them and ends them with
/// wsp_tls_options_free().
#[unsafe(no_mangle)]
pub extern "C" fn wsp_tls_options_new() -> *mut wsp_tls_options {
    leak(TlsOptions::default())
}

/// Ends options. Connections that took them are not affected. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_free(options: *mut wsp_tls_options) {
    // SAFETY: the caller passes NULL or a handle it gives up.
    unsafe { free(options) };
}

/// Makes the options those of a client that verifies the server's certificate: its chain, against `trusted_pem` or where that is NULL
/// against what the operating system trusts, and its name, which must be `common_name_override` or where that is NULL the URL's host.
///
/// Returns WSP_ERR_INVALID_PARAMETER for what cannot be read, and changes nothing then; wsp_tls_options_get_error_message() says why.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_client(
    options: *mut wsp_tls_options,
    trusted_pem: *const c_char,
    common_name_override: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let name = optional(common_name_override, "common_name_override")?.unwrap_or_default();
            options.set_client(text(trusted_pem, "trusted_pem")?, name)
        })
    }
}

/// wsp_tls_options_client() with the trusted certificates in a file. Also WSP_ERR_INVALID_PARAMETER for a file that cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_client_from_file(
    options: *mut wsp_tls_options,
    trusted_path: *const c_char,
    common_name_override: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let name = optional(common_name_override, "common_name_override")?.unwrap_or_default();
            options.set_client(Some(file(trusted_path, "trusted_path")?), name)
        })
    }
}

/// Makes the options those of a client that does not verify the server's name, and its chain only against `trusted_pem`; where that is
/// NULL nothing is verified, and anybody in between can read and change everything. Errors as wsp_tls_options_client().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_client_unsafe(
    options: *mut wsp_tls_options,
    trusted_pem: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(options, |options| options.set_client_unsafe(text(trusted_pem, "trusted_pem")?)) }
}

/// wsp_tls_options_client_unsafe() with the trusted certificates in a file, NULL for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_client_unsafe_from_file(
    options: *mut wsp_tls_options,
    trusted_path: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(options, |options| options.set_client_unsafe(optional_file(trusted_path, "trusted_path")?)) }
}

/// Makes the options those of a server. `private_key_pem` is a key in PKCS#8, PKCS#1 (RSA) or SEC1 (EC) form: RSA, ECDSA (P-256, P-384)
/// or Ed25519. `certificate_pem` is its certificate, followed by those that lead to an authority.
///
/// Returns WSP_ERR_INVALID_PARAMETER, and changes nothing, for what cannot be read and for a key of another certificate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_server(
    options: *mut wsp_tls_options,
    private_key_pem: *const c_char,
    certificate_pem: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let key = required(private_key_pem, "private_key_pem")?;
            options.set_server(key, required(certificate_pem, "certificate_pem")?)
        })
    }
}

/// wsp_tls_options_server() with files.
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

/// Lets a client prove who it is to servers that ask (mutual TLS). Key and certificate as for wsp_tls_options_server(). Returns
/// WSP_ERR_INVALID_PARAMETER, and changes nothing, for what cannot be read and where the options are those of a server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_set_client_certificate(
    options: *mut wsp_tls_options,
    private_key_pem: *const c_char,
    certificate_pem: *const c_char,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and strings.
    unsafe {
        run(options, |options| {
            let key = required(private_key_pem, "private_key_pem")?;
            options.set_client_certificate(key, required(certificate_pem, "certificate_pem")?)
        })
    }
}

/// wsp_tls_options_set_client_certificate() with files.
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

/// Lets a server ask clients who they are (mutual TLS): their certificates must lead to one of `ca_pem`. With `is_required`, clients
/// without a certificate are refused. Who it was tells wsp_peer_get_tls_info(). Returns WSP_ERR_INVALID_PARAMETER, and changes nothing,
/// for what cannot be read and unless the options are those of a server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_set_client_ca(
    options: *mut wsp_tls_options,
    ca_pem: *const c_char,
    is_required: bool,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(options, |options| options.set_client_ca(required(ca_pem, "ca_pem")?, is_required)) }
}

/// wsp_tls_options_set_client_ca() with a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_set_client_ca_from_file(
    options: *mut wsp_tls_options,
    ca_path: *const c_char,
    is_required: bool,
) -> wsp_error {
    // SAFETY: the caller passes NULL or a live handle and string.
    unsafe { run(options, |options| options.set_client_ca(&file(ca_path, "ca_path")?, is_required)) }
}

/// Returns in words why the last call was refused, "" where none was. Lent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wsp_tls_options_get_error_message(options: *const wsp_tls_options) -> *const c_char {
    // SAFETY: the caller passes NULL or a live handle.
    let lent = unsafe { with(options, |content| Ok(content.lent.set(&content.refusal))) };
    lent.unwrap_or(c"".as_ptr())
}
