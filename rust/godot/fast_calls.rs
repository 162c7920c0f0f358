//! A shorter way from a script to the calls that games make for every message and frame.
//!
//! gdext's way into a method makes a reference-counted handle of the object and passes every argument and result through
//! several conversions: about 0.2 µs, several times what polling an idle connection takes. Scripts that know the type call a
//! method by a function pointer that is registered with it ("ptrcall"), unless they leave out default arguments. So the
//! registration of methods is intercepted, and those listed in [`fast_call`] get a pointer to a function here; `send()`, whose
//! second argument hardly anybody writes, gets one for the other way too. Everything else about them stays gdext's.

#![expect(unsafe_code, reason = "the engine calls through function pointers with untyped arguments")]

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use godot::obj::EngineEnum;
use godot::prelude::*;
use godot::sys::{
    GDEXTENSION_CALL_OK, GDExtensionCallError, GDExtensionClassInstancePtr, GDExtensionClassLibraryPtr,
    GDExtensionClassMethodInfo, GDExtensionClassMethodPtrCall, GDExtensionConstStringNamePtr, GDExtensionConstTypePtr,
    GDExtensionConstVariantPtr, GDExtensionInt, GDExtensionInterfaceFunctionPtr, GDExtensionInterfaceGetProcAddress,
    GDExtensionTypePtr, GDExtensionVariantPtr,
};

use super::convert;
use super::enums::WriteMode;
use super::scripted::{self, Scripted, flush_later, kind};
use super::shared::{Lock, at};
use super::utf8;
use super::websocket_peer::RustWebSocketPeer;
use crate::error::Result;
use crate::peer::WebSocketPeer;

type GetProcAddress = unsafe extern "C" fn(*const c_char) -> GDExtensionInterfaceFunctionPtr;
type RegisterMethod =
    unsafe extern "C" fn(GDExtensionClassLibraryPtr, GDExtensionConstStringNamePtr, *const GDExtensionClassMethodInfo);

type CallMethod = unsafe extern "C" fn(
    *mut c_void,
    GDExtensionClassInstancePtr,
    *const GDExtensionConstVariantPtr,
    GDExtensionInt,
    GDExtensionVariantPtr,
    *mut GDExtensionCallError,
);

const REGISTER_METHOD: &CStr = c"classdb_register_extension_class_method";

static ENGINE: OnceLock<GetProcAddress> = OnceLock::new();
static REGISTER: OnceLock<RegisterMethod> = OnceLock::new();
static SEND_OF_GDEXT: OnceLock<CallMethod> = OnceLock::new();

/// Stands between gdext and what the engine offers extensions.
pub(super) fn intercept(engine: GDExtensionInterfaceGetProcAddress) -> GDExtensionInterfaceGetProcAddress {
    let Some(found) = engine else { return engine };
    ENGINE.get_or_init(|| found);
    Some(get_proc_address)
}

unsafe extern "C" fn get_proc_address(name: *const c_char) -> GDExtensionInterfaceFunctionPtr {
    let engine = ENGINE.get()?;
    // SAFETY: as the caller of this function, who passes a name with a NUL behind it.
    let (found, name) = unsafe { (engine(name), CStr::from_ptr(name)) };
    if name != REGISTER_METHOD {
        return found;
    }
    // SAFETY: this is the type that the engine's header declares for the function of this name.
    let register: RegisterMethod = unsafe { std::mem::transmute::<unsafe extern "C" fn(), RegisterMethod>(found?) };
    REGISTER.get_or_init(|| register);
    let ours: RegisterMethod = register_method;
    // SAFETY: the engine's functions are all passed as this type, and cast back by who calls them.
    Some(unsafe { std::mem::transmute::<RegisterMethod, unsafe extern "C" fn()>(ours) })
}

unsafe extern "C" fn register_method(
    library: GDExtensionClassLibraryPtr,
    class: GDExtensionConstStringNamePtr,
    info: *const GDExtensionClassMethodInfo,
) {
    let Some(register) = REGISTER.get() else { return };
    // SAFETY: gdext passes a live struct and live names, each of the size of a StringName.
    let (mut info, class, name) = unsafe { (*info, &*class.cast::<StringName>(), &*(*info).name.cast::<StringName>()) };
    if *class == "RustWebSocketPeer"
        && let Some(call) = fast_call(&name.to_string())
    {
        info.ptrcall_func = call;
        if *name == "send"
            && let Some(call) = info.call_func
        {
            SEND_OF_GDEXT.get_or_init(|| call);
            info.call_func = Some(send_variants);
        }
    }
    // SAFETY: as the caller of this function.
    unsafe { register(library, std::ptr::from_ref(class).cast_mut().cast::<c_void>().cast(), &raw const info) };
}

fn fast_call(method: &str) -> Option<GDExtensionClassMethodPtrCall> {
    let call: unsafe extern "C" fn(_, _, _, _) = match method {
        "poll" => poll,
        "get_ready_state" => get_ready_state,
        "get_available_packet_count" => get_available_packet_count,
        "was_string_packet" => was_string_packet,
        "get_packet" => get_packet,
        "send" => send_bytes,
        "send_text" => send_text,
        _ => return None,
    };
    Some(Some(call))
}

/// Runs a call on the object of an instance.
///
/// # Safety
/// `instance` is what the engine passes to a method of `RustWebSocketPeer`.
unsafe fn on<R>(instance: GDExtensionClassInstancePtr, call: impl FnOnce(&Lock<Scripted>) -> R) -> R {
    // SAFETY: as this function. The pointer is that of an `Arc` which the instance holds, when the call begins and, where the call
    // calls no scripts, until its end.
    let object = unsafe { &*at::<RustWebSocketPeer>(instance) };
    if !object.calls_scripts() {
        return call(object);
    }
    // A script's own stream, on which the peer runs, may let go of the instance in the middle of the call.
    // SAFETY: as above.
    let object = unsafe {
        Arc::increment_strong_count(object);
        Arc::from_raw(object)
    };
    call(&object)
}

/// Runs a call behind which no panic gets, as gdext's own do.
fn guarded(call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        godot_error!("wspeer: a call failed inside the library");
    }
}

/// # Safety
/// As for every function the engine calls: `ret` is a place for the method's result, which is an integer.
unsafe fn give(ret: GDExtensionTypePtr, value: i64) {
    // SAFETY: as this function; integers, enums among them, are passed as 64 bits.
    unsafe { ret.cast::<i64>().write(value) };
}

/// # Safety
/// `args` are the arguments of a method that has more than `index`, of which this one is a `T`.
unsafe fn arg<'a, T>(args: *const GDExtensionConstTypePtr, index: usize) -> &'a T {
    // SAFETY: as this function.
    unsafe { &*(*args.add(index)).cast::<T>() }
}

unsafe extern "C" fn poll(
    _method: *mut c_void,
    instance: GDExtensionClassInstancePtr,
    _args: *const GDExtensionConstTypePtr,
    _ret: GDExtensionTypePtr,
) {
    guarded(|| {
        // SAFETY: the engine calls this for an instance.
        let drained = unsafe {
            on(instance, |object| {
                object.poll(|scripted| {
                    let idle = scripted.peer.poll_unless_idle();
                    (scripted.peer.take_drained(), idle)
                })
            })
        };
        if drained {
            // SAFETY: as above.
            unsafe { super::shared::handle::<RustWebSocketPeer>(instance) }.signals().drained().emit();
        }
    });
}

unsafe extern "C" fn get_ready_state(
    _method: *mut c_void,
    instance: GDExtensionClassInstancePtr,
    _args: *const GDExtensionConstTypePtr,
    ret: GDExtensionTypePtr,
) {
    // SAFETY: the engine calls this for an instance, with a place for the result.
    guarded(|| unsafe { give(ret, on(instance, |object| object.ask(3, |scripted| scripted.peer.state() as i64))) });
}

unsafe extern "C" fn get_available_packet_count(
    _method: *mut c_void,
    instance: GDExtensionClassInstancePtr,
    _args: *const GDExtensionConstTypePtr,
    ret: GDExtensionTypePtr,
) {
    // SAFETY: as for `get_ready_state`.
    guarded(|| unsafe {
        let count = on(instance, |object| object.ask(0, |scripted| scripted.peer.packet_count()));
        give(ret, i64::from(convert::integer32(count)));
    });
}

unsafe extern "C" fn was_string_packet(
    _method: *mut c_void,
    instance: GDExtensionClassInstancePtr,
    _args: *const GDExtensionConstTypePtr,
    ret: GDExtensionTypePtr,
) {
    // SAFETY: as for `get_ready_state`; a bool is one byte.
    guarded(|| unsafe {
        let was_string = on(instance, |object| object.ask(false, |scripted| scripted.peer.was_string_packet()));
        ret.cast::<bool>().write(was_string);
    });
}

unsafe extern "C" fn get_packet(
    _method: *mut c_void,
    instance: GDExtensionClassInstancePtr,
    _args: *const GDExtensionConstTypePtr,
    ret: GDExtensionTypePtr,
) {
    // SAFETY: as for `get_ready_state`; the place for the result holds an empty array, which is replaced.
    guarded(|| unsafe {
        *ret.cast::<PackedByteArray>() =
            on(instance, |object| object.with(PackedByteArray::new(), Scripted::take_packet));
    });
}

unsafe extern "C" fn send_bytes(
    _method: *mut c_void,
    instance: GDExtensionClassInstancePtr,
    args: *const GDExtensionConstTypePtr,
    ret: GDExtensionTypePtr,
) {
    // SAFETY: as for `get_ready_state`; the arguments are a PackedByteArray and an integer.
    guarded(|| unsafe {
        let (message, mode) = (arg::<PackedByteArray>(args, 0), *arg::<i64>(args, 1));
        give(ret, sent(instance, |peer| peer.send(kind(WriteMode(mode)), message.as_slice())));
    });
}

/// `send()` with arguments that are variants; what is not a PackedByteArray, and perhaps an integer, is gdext's to explain.
unsafe extern "C" fn send_variants(
    method: *mut c_void,
    instance: GDExtensionClassInstancePtr,
    args: *const GDExtensionConstVariantPtr,
    count: GDExtensionInt,
    ret: GDExtensionVariantPtr,
    error: *mut GDExtensionCallError,
) {
    // SAFETY: the engine passes `count` variants.
    let variant = |index: usize| unsafe { &*(*args.add(index)).cast::<Variant>() };
    let mode = match count {
        1 => Some(WriteMode::BINARY),
        2 if variant(1).get_type() == VariantType::INT => variant(1).try_to::<i64>().ok().map(WriteMode),
        _ => None,
    };
    let bytes = match count {
        1 | 2 if variant(0).get_type() == VariantType::PACKED_BYTE_ARRAY => variant(0).try_to::<PackedByteArray>().ok(),
        _ => None,
    };
    match (bytes, mode, SEND_OF_GDEXT.get()) {
        (Some(bytes), Some(mode), _) => guarded(|| {
            // SAFETY: the engine calls this for an instance, with a variant for the result, which is replaced.
            unsafe {
                let sent = sent(instance, |peer| peer.send(kind(mode), bytes.as_slice()));
                *ret.cast::<Variant>() = sent.to_variant();
                (*error).error = GDEXTENSION_CALL_OK;
            }
        }),
        // SAFETY: as this function.
        (_, _, Some(gdext)) => unsafe { gdext(method, instance, args, count, ret, error) },
        _ => {}
    }
}

unsafe extern "C" fn send_text(
    _method: *mut c_void,
    instance: GDExtensionClassInstancePtr,
    args: *const GDExtensionConstTypePtr,
    ret: GDExtensionTypePtr,
) {
    // SAFETY: as for `get_ready_state`; the argument is a String.
    guarded(|| unsafe {
        let sent = utf8::with(arg::<GString>(args, 0), |text| sent(instance, |peer| peer.send_text(text)));
        give(ret, sent);
    });
}

/// # Safety
/// As for [`on`].
unsafe fn sent(instance: GDExtensionClassInstancePtr, message: impl FnOnce(&mut WebSocketPeer) -> Result) -> i64 {
    // SAFETY: as this function.
    let (error, flush) =
        unsafe { on(instance, |object| object.with(Scripted::BUSY, |scripted| scripted::send(scripted, message))) };
    if flush {
        // SAFETY: as this function.
        flush_later(&unsafe { super::shared::handle::<RustWebSocketPeer>(instance) });
    }
    i64::from(error.ord())
}
