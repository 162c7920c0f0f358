//! Lets the library load in engines that were built without some classes or methods: without modules, without 3D, or
//! with a build profile. gdext looks up all methods of all classes when the library is loaded, and fails if one is
//! missing, although this library calls few of them. So a missing method gets a stand-in, which reports its call.

#![expect(unsafe_code, reason = "the engine's functions are passed as untyped pointers")]

use std::ffi::{CStr, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, OnceLock};

use godot::prelude::*;
use godot::sys::{
    ClassMethodBind, GDEXTENSION_CALL_ERROR_INVALID_METHOD, GDExtensionBool, GDExtensionCallError,
    GDExtensionConstStringNamePtr, GDExtensionConstTypePtr, GDExtensionConstVariantPtr, GDExtensionInt,
    GDExtensionInterfaceClassdbGetMethodBind as FindMethod, GDExtensionInterfaceGlobalGetSingleton as FindSingleton,
    GDExtensionInterfaceObjectMethodBindCall as CallMethod,
    GDExtensionInterfaceObjectMethodBindPtrcall as CallByPointers, GDExtensionMethodBindPtr, GDExtensionObjectPtr,
    GDExtensionTypePtr, GDExtensionUninitializedVariantPtr,
};
use parking_lot::Mutex;

use super::engine_function::{EngineFunction, UntypedFunction};
use super::missing_classes;

static FIND_METHOD: EngineFunction<FindMethod> = EngineFunction::new();
static CALL_METHOD: EngineFunction<CallMethod> = EngineFunction::new();
static CALL_BY_POINTERS: EngineFunction<CallByPointers> = EngineFunction::new();
static FIND_SINGLETON: EngineFunction<FindSingleton> = EngineFunction::new();

/// The methods that the engine does not have. A stand-in is a number of this list.
static MISSING: Mutex<Vec<MissingMethod>> = Mutex::new(Vec::new());

struct MissingMethod {
    class: Arc<str>,
    method: Box<str>,
    is_reported: bool,
}

/// Returns the function that gdext gets instead of `found`, if this module has one.
///
/// # Safety
/// `found` has the type that the engine's header declares for the name.
pub unsafe fn replace(name: &CStr, found: UntypedFunction) -> Option<UntypedFunction> {
    // SAFETY: as the caller of this function; the types are those of these names.
    unsafe {
        match name.to_bytes() {
            b"classdb_get_method_bind" => Some(FIND_METHOD.replace(found, find_method)),
            b"object_method_bind_call" => Some(CALL_METHOD.replace(found, call_method)),
            b"object_method_bind_ptrcall" => Some(CALL_BY_POINTERS.replace(found, call_by_pointers)),
            b"global_get_singleton" => {
                FIND_SINGLETON.keep(found);
                None
            }
            _ => None,
        }
    }
}

unsafe extern "C" fn find_method(
    class: GDExtensionConstStringNamePtr,
    method: GDExtensionConstStringNamePtr,
    hash: GDExtensionInt,
) -> GDExtensionMethodBindPtr {
    let Some(find) = FIND_METHOD.get() else { return std::ptr::null() };
    // SAFETY: as the caller of this function.
    let has_class = unsafe { missing_classes::engine_has(class) };
    // SAFETY: as the caller of this function.
    let lookup = || unsafe { find(class, method, hash) };
    let found = if has_class { without_printed_errors(lookup) } else { std::ptr::null() };
    if !found.is_null() {
        return found;
    }
    // SAFETY: gdext passes live names, each of the size of a StringName.
    let (class, method) = unsafe { (&*class.cast::<StringName>(), &*method.cast::<StringName>()) };
    stand_in(&class.to_string(), &method.to_string())
}

/// Looks a method up without the error that the engine prints if it is missing.
fn without_printed_errors(lookup: impl FnOnce() -> GDExtensionMethodBindPtr) -> GDExtensionMethodBindPtr {
    static SWITCH: OnceLock<Option<ErrorSwitch>> = OnceLock::new();
    let Some(switch) = SWITCH.get_or_init(ErrorSwitch::new) else { return lookup() };
    let prints = switch.is_on();
    switch.set(false);
    let found = lookup();
    switch.set(prints);
    found
}

/// Whether the engine prints errors: [`godot::classes::Engine`] before gdext has its methods.
struct ErrorSwitch {
    engine: AtomicPtr<c_void>,
    is_on: ClassMethodBind,
    set: ClassMethodBind,
}

impl ErrorSwitch {
    /// The hashes by which the engine's API names the two methods.
    const IS_ON: (&str, GDExtensionInt) = ("is_printing_error_messages", 36_873_697);
    const SET: (&str, GDExtensionInt) = ("set_print_error_messages", 2_586_408_642);

    fn new() -> Option<Self> {
        let (find_singleton, find_method) = (FIND_SINGLETON.get()?, FIND_METHOD.get()?);
        let class = StringName::from("Engine");
        let find = |(name, hash): (&str, GDExtensionInt)| {
            let name = StringName::from(name);
            // SAFETY: both names live during the call.
            let found = unsafe { find_method(class.string_sys(), name.string_sys(), hash) };
            (!found.is_null()).then_some(ClassMethodBind(found))
        };
        // SAFETY: the name lives during the call.
        let engine = unsafe { find_singleton(class.string_sys()) };
        let (is_on, set) = (find(Self::IS_ON)?, find(Self::SET)?);
        (!engine.is_null()).then(|| Self { engine: AtomicPtr::new(engine.cast()), is_on, set })
    }

    fn is_on(&self) -> bool {
        let mut is_on: GDExtensionBool = 1;
        self.call(self.is_on, std::ptr::null(), (&raw mut is_on).cast());
        is_on != 0
    }

    fn set(&self, prints: bool) {
        let prints = GDExtensionBool::from(prints);
        self.call(self.set, &(&raw const prints).cast(), std::ptr::null_mut());
    }

    fn call(&self, method: ClassMethodBind, arguments: *const GDExtensionConstTypePtr, result: GDExtensionTypePtr) {
        let engine = self.engine.load(Ordering::Relaxed).cast();
        if let Some(call) = CALL_BY_POINTERS.get() {
            // SAFETY: the engine's singleton lives as long as the process; the arguments and the result are those of
            // the method.
            unsafe { call(method.0, engine, arguments, result) }
        }
    }
}

/// Returns a stand-in for a missing method: an odd address, which no object of the engine has.
fn stand_in(class: &str, method: &str) -> GDExtensionMethodBindPtr {
    let mut missing = MISSING.lock();
    // The methods of a class follow each other.
    let class = match missing.last() {
        Some(last) if &*last.class == class => Arc::clone(&last.class),
        _ => Arc::from(class),
    };
    let address = missing.len() * 2 + 1;
    missing.push(MissingMethod { class, method: Box::from(method), is_reported: false });
    std::ptr::without_provenance(address)
}

/// Returns the number of the method that a stand-in stands for.
fn missing_method(method: GDExtensionMethodBindPtr) -> Option<usize> {
    (method.addr() % 2 == 1).then(|| method.addr() / 2)
}

/// Prints an error at the first call of each missing method.
fn report(number: usize) {
    let mut missing = MISSING.lock();
    let Some(called) = missing.get_mut(number).filter(|called| !called.is_reported) else { return };
    called.is_reported = true;
    let name = format!("{}.{}()", called.class, called.method);
    drop(missing);
    godot_error!("wspeer: this engine was built without {name}, so the call has no effect");
}

unsafe extern "C" fn call_by_pointers(
    method: GDExtensionMethodBindPtr,
    object: GDExtensionObjectPtr,
    arguments: *const GDExtensionConstTypePtr,
    result: GDExtensionTypePtr,
) {
    if let Some(number) = missing_method(method) {
        // gdext has set the result to its type's default value.
        report(number);
    } else if let Some(call) = CALL_BY_POINTERS.get() {
        // SAFETY: as the caller of this function.
        unsafe { call(method, object, arguments, result) }
    }
}

unsafe extern "C" fn call_method(
    method: GDExtensionMethodBindPtr,
    object: GDExtensionObjectPtr,
    arguments: *const GDExtensionConstVariantPtr,
    argument_count: GDExtensionInt,
    result: GDExtensionUninitializedVariantPtr,
    error: *mut GDExtensionCallError,
) {
    if let Some(number) = missing_method(method) {
        report(number);
        // SAFETY: the caller passes the places of a Variant, without a value, and of an error.
        unsafe {
            result.cast::<Variant>().write(Variant::nil());
            (*error).error = GDEXTENSION_CALL_ERROR_INVALID_METHOD;
        }
    } else if let Some(call) = CALL_METHOD.get() {
        // SAFETY: as the caller of this function.
        unsafe { call(method, object, arguments, argument_count, result, error) }
    }
}
