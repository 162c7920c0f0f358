//! Decides how a call with variants reaches a method: through the method's pointer call if every argument has the
//! declared type, through gdext if one must be converted, and not at all if the call is wrong.
//!
//! Scripts call a method with variants if they do not know the type of the object, leave out an argument, or use
//! `call()`, `callv()` or a callable. gdext converts each argument and the result several times, allocates for default
//! arguments, and wraps the call into a context for error messages. The engine registers what is needed to do without:
//! the type of each argument and of the result. So one function serves all methods. It passes the address of each
//! argument's value inside its variant, as the engine does for scripts that know the type.
//! [`method_registration`](super::method_registration) registers it.

#![expect(unsafe_code, reason = "the engine passes variants and functions as untyped pointers")]

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ops::RangeInclusive;
use std::ptr;

use godot::prelude::*;
use godot::sys::{
    self, GDEXTENSION_CALL_ERROR_INVALID_ARGUMENT, GDEXTENSION_CALL_ERROR_TOO_FEW_ARGUMENTS,
    GDEXTENSION_CALL_ERROR_TOO_MANY_ARGUMENTS, GDEXTENSION_CALL_OK, GDExtensionCallError, GDExtensionCallErrorType,
    GDExtensionClassInstancePtr, GDExtensionClassMethodInfo, GDExtensionConstTypePtr, GDExtensionConstVariantPtr,
    GDExtensionInt, GDExtensionTypePtr, GDExtensionUninitializedTypePtr, GDExtensionUninitializedVariantPtr,
    GDExtensionVariantPtr, GDExtensionVariantType, interface_fn,
};

type VariantCall = unsafe extern "C" fn(
    *mut c_void,
    GDExtensionClassInstancePtr,
    *const GDExtensionConstVariantPtr,
    GDExtensionInt,
    GDExtensionVariantPtr,
    *mut GDExtensionCallError,
);
type PointerCall =
    unsafe extern "C" fn(*mut c_void, GDExtensionClassInstancePtr, *const GDExtensionConstTypePtr, GDExtensionTypePtr);
type ValueOf = unsafe extern "C" fn(GDExtensionVariantPtr) -> *mut c_void;
type Construct = unsafe extern "C" fn(GDExtensionUninitializedTypePtr, *const GDExtensionConstTypePtr);
type Destroy = unsafe extern "C" fn(GDExtensionTypePtr);
type ToVariant = unsafe extern "C" fn(GDExtensionUninitializedVariantPtr, GDExtensionTypePtr);

/// Methods with more arguments are called through gdext.
const MOST_ARGUMENTS: usize = 6;

/// The largest results by pointer: strings, arrays, dictionaries and numbers take at most two words.
const RESULT_WORDS: usize = 2;

/// Usage flag of a value that may be of any type.
const NIL_IS_VARIANT: u32 = 1 << 17;

/// The results of calls that the engine knows.
const ENGINE_ERRORS: RangeInclusive<GDExtensionCallErrorType> =
    GDEXTENSION_CALL_OK..=sys::GDEXTENSION_CALL_ERROR_METHOD_NOT_CONST;

/// What calls of one method need.
struct Method {
    by_pointer: PointerCall,
    by_gdext: VariantCall,
    arguments: Vec<Argument>,
    /// Values of the last arguments, for calls that leave them out.
    defaults: Vec<Variant>,
    /// `None` if all calls go through gdext, because the result is an object or may be of any type.
    result: Option<MethodResult>,
}

struct Argument {
    kind: GDExtensionVariantType,
    /// Finds the value in a variant; `None` for objects, whose class gdext checks, and for arguments of any type.
    value: Option<ValueOf>,
    /// Whole numbers that the method accepts.
    numbers: (i64, i64),
}

enum MethodResult {
    Nothing,
    Value { construct: Option<Construct>, destroy: Option<Destroy>, to_variant: ToVariant },
}

/// Lets calls with variants use the method's pointer call. Everything else about the method stays as it is.
///
/// # Safety
/// `info` is what gdext registers for a method, with the functions that the engine will call.
pub unsafe fn install(info: &mut GDExtensionClassMethodInfo) {
    const UNSUITABLE: u32 = (sys::GDEXTENSION_METHOD_FLAG_STATIC
        | sys::GDEXTENSION_METHOD_FLAG_VARARG
        | sys::GDEXTENSION_METHOD_FLAG_VIRTUAL) as u32;
    // gdext's functions do not use the method's data.
    if info.method_flags & UNSUITABLE != 0 || !info.method_userdata.is_null() {
        return;
    }
    // SAFETY: as this function.
    if let Some(method) = unsafe { Method::read(info) } {
        // The engine keeps the pointer until the library is unloaded.
        info.method_userdata = Box::into_raw(Box::new(method)).cast();
        info.call_func = Some(call);
    }
}

impl Method {
    /// # Safety
    /// As for [`install`].
    unsafe fn read(info: &GDExtensionClassMethodInfo) -> Option<Self> {
        let (by_pointer, by_gdext) = (info.ptrcall_func?, info.call_func?);
        let count = info.argument_count as usize;
        if count > MOST_ARGUMENTS {
            return None;
        }
        // SAFETY: gdext passes arrays of the stated lengths, which live as long as this call.
        let (infos, numbers, defaults) = unsafe {
            (
                slice(info.arguments_info, count),
                slice(info.arguments_metadata, count),
                slice(info.default_arguments, info.default_argument_count as usize),
            )
        };
        let arguments = infos.iter().zip(numbers).map(|(info, numbers)| Argument::new(info.type_, *numbers)).collect();
        // SAFETY: gdext passes variants.
        let defaults = defaults.iter().map(|default| unsafe { (*default.cast::<Variant>()).clone() }).collect();
        // SAFETY: as above.
        let result = unsafe { info.return_value_info.as_ref() }
            .map_or(Some(MethodResult::Nothing), |info| MethodResult::of(info.type_, info.usage & NIL_IS_VARIANT != 0));
        Some(Self { by_pointer, by_gdext, arguments, defaults, result })
    }

    /// Finds the values of the arguments. Returns their number; `None` if a value must be converted.
    ///
    /// # Safety
    /// `given` points to `count` live variants, and `count` is valid for this method.
    unsafe fn values(
        &self,
        given: *const GDExtensionConstVariantPtr,
        count: usize,
        values: &mut [GDExtensionConstTypePtr; MOST_ARGUMENTS],
    ) -> Option<()> {
        let first_default = self.arguments.len() - self.defaults.len();
        for (index, (argument, place)) in self.arguments.iter().zip(values).enumerate() {
            let variant = if index < count {
                // SAFETY: as this function.
                unsafe { &*(*given.add(index)).cast::<Variant>() }
            } else {
                self.defaults.get(index.checked_sub(first_default)?)?
            };
            *place = argument.value_in(variant)?;
        }
        Some(())
    }

    /// Returns the error of a call that no conversion makes valid, as the engine's own methods report it.
    ///
    /// # Safety
    /// `given` points to `count` live variants.
    unsafe fn refusal(&self, given: *const GDExtensionConstVariantPtr, count: usize) -> Option<GDExtensionCallError> {
        let declared = self.arguments.len();
        if count > declared {
            return Some(refused(GDEXTENSION_CALL_ERROR_TOO_MANY_ARGUMENTS, declared, declared));
        }
        if count + self.defaults.len() < declared {
            return Some(refused(GDEXTENSION_CALL_ERROR_TOO_FEW_ARGUMENTS, declared, declared));
        }
        self.arguments.iter().take(count).enumerate().find_map(|(index, argument)| {
            // SAFETY: as this function.
            let variant = unsafe { &*(*given.add(index)).cast::<Variant>() };
            (!argument.accepts(variant)).then(|| {
                refused(GDEXTENSION_CALL_ERROR_INVALID_ARGUMENT, index, usize::try_from(argument.kind).unwrap_or(0))
            })
        })
    }
}

impl Method {
    /// Returns the error of a call that gdext has refused: the argument is an object of another class, or a number that
    /// the method cannot hold. gdext has printed the reason, with an error number that the engine does not know.
    ///
    /// # Safety
    /// `given` points to `count` live variants.
    unsafe fn unsuitable(&self, given: *const GDExtensionConstVariantPtr, count: usize) -> GDExtensionCallError {
        let is_unsuitable = |(index, argument): &(usize, &Argument)| {
            // SAFETY: as this function.
            argument.value_in(unsafe { &*(*given.add(*index)).cast::<Variant>() }).is_none()
        };
        let found = self.arguments.iter().take(count).enumerate().find(is_unsuitable);
        let (index, kind) = found.map_or((0, 0), |(index, argument)| (index, argument.kind));
        refused(GDEXTENSION_CALL_ERROR_INVALID_ARGUMENT, index, usize::try_from(kind).unwrap_or(0))
    }
}

impl Argument {
    fn new(kind: GDExtensionVariantType, numbers: sys::GDExtensionClassMethodArgumentMetadata) -> Self {
        let is_plain = kind != sys::GDEXTENSION_VARIANT_TYPE_NIL && kind != sys::GDEXTENSION_VARIANT_TYPE_OBJECT;
        // SAFETY: the function takes any type.
        let value = is_plain.then(|| unsafe { interface_fn!(variant_get_ptr_internal_getter)(kind) }).flatten();
        let numbers = match numbers {
            sys::GDEXTENSION_METHOD_ARGUMENT_METADATA_INT_IS_INT8 => (i8::MIN.into(), i8::MAX.into()),
            sys::GDEXTENSION_METHOD_ARGUMENT_METADATA_INT_IS_INT16 => (i16::MIN.into(), i16::MAX.into()),
            sys::GDEXTENSION_METHOD_ARGUMENT_METADATA_INT_IS_INT32 => (i32::MIN.into(), i32::MAX.into()),
            sys::GDEXTENSION_METHOD_ARGUMENT_METADATA_INT_IS_UINT8 => (0, u8::MAX.into()),
            sys::GDEXTENSION_METHOD_ARGUMENT_METADATA_INT_IS_UINT16 => (0, u16::MAX.into()),
            sys::GDEXTENSION_METHOD_ARGUMENT_METADATA_INT_IS_UINT32 => (0, u32::MAX.into()),
            sys::GDEXTENSION_METHOD_ARGUMENT_METADATA_INT_IS_UINT64 => (0, i64::MAX),
            _ => (i64::MIN, i64::MAX),
        };
        Self { kind, value, numbers }
    }

    /// Returns the address of the value if the variant has the declared type and the method accepts the value.
    fn value_in(&self, variant: &Variant) -> Option<GDExtensionConstTypePtr> {
        let value = self.value?;
        if kind_of(variant) != self.kind {
            return None;
        }
        // SAFETY: the variant has the type that the function was made for.
        let value = unsafe { value(address(variant)) };
        if self.kind == sys::GDEXTENSION_VARIANT_TYPE_INT {
            // SAFETY: the value of such a variant is a 64-bit integer.
            let number = unsafe { *value.cast::<i64>() };
            if number < self.numbers.0 || number > self.numbers.1 {
                return None;
            }
        }
        Some(value.cast_const().cast())
    }

    /// Returns whether the engine would convert the variant for one of its own methods.
    fn accepts(&self, variant: &Variant) -> bool {
        let kind = kind_of(variant);
        // SAFETY: the function takes any types.
        self.kind == sys::GDEXTENSION_VARIANT_TYPE_NIL
            || kind == self.kind
            || unsafe { interface_fn!(variant_can_convert_strict)(kind, self.kind) } != 0
    }
}

impl MethodResult {
    fn of(kind: GDExtensionVariantType, is_any: bool) -> Option<Self> {
        match kind {
            sys::GDEXTENSION_VARIANT_TYPE_NIL if !is_any => return Some(Self::Nothing),
            sys::GDEXTENSION_VARIANT_TYPE_BOOL
            | sys::GDEXTENSION_VARIANT_TYPE_INT
            | sys::GDEXTENSION_VARIANT_TYPE_FLOAT
            | sys::GDEXTENSION_VARIANT_TYPE_STRING
            | sys::GDEXTENSION_VARIANT_TYPE_DICTIONARY
            | sys::GDEXTENSION_VARIANT_TYPE_ARRAY
            | sys::GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY
            | sys::GDEXTENSION_VARIANT_TYPE_PACKED_INT32_ARRAY
            | sys::GDEXTENSION_VARIANT_TYPE_PACKED_STRING_ARRAY => {}
            _ => return None,
        }
        let is_number = kind < sys::GDEXTENSION_VARIANT_TYPE_STRING;
        // SAFETY: the functions take any type; the first constructor of each has no arguments.
        unsafe {
            Some(Self::Value {
                construct: if is_number { None } else { Some(interface_fn!(variant_get_ptr_constructor)(kind, 0)?) },
                destroy: interface_fn!(variant_get_ptr_destructor)(kind),
                to_variant: interface_fn!(get_variant_from_type_constructor)(kind)?,
            })
        }
    }
}

/// The engine's function for calls with variants, of every method.
unsafe extern "C" fn call(
    data: *mut c_void,
    instance: GDExtensionClassInstancePtr,
    given: *const GDExtensionConstVariantPtr,
    count: GDExtensionInt,
    returned: GDExtensionVariantPtr,
    error: *mut GDExtensionCallError,
) {
    // SAFETY: `install()` has registered this pointer, which is never freed.
    let method = unsafe { &*data.cast::<Method>() };
    let length = usize::try_from(count).unwrap_or(0);
    let mut values = [ptr::null(); MOST_ARGUMENTS];
    // SAFETY: the engine passes `count` variants for an instance of the class, and places for result and error.
    unsafe {
        let is_possible = length <= method.arguments.len();
        match &method.result {
            Some(result) if is_possible && method.values(given, length, &mut values).is_some() => {
                result
                    .receive(returned, |place| (method.by_pointer)(ptr::null_mut(), instance, values.as_ptr(), place));
                (*error).error = GDEXTENSION_CALL_OK;
            }
            _ => match method.refusal(given, length) {
                Some(refusal) => *error = refusal,
                None => {
                    (method.by_gdext)(ptr::null_mut(), instance, given, count, returned, error);
                    if !ENGINE_ERRORS.contains(&(*error).error) {
                        *error = method.unsuitable(given, length);
                    }
                }
            },
        }
    }
}

impl MethodResult {
    /// Runs a pointer call, and moves its result into a variant.
    ///
    /// # Safety
    /// `returned` is a live variant, and `call` writes a result of this type.
    unsafe fn receive(&self, returned: GDExtensionVariantPtr, call: impl FnOnce(GDExtensionTypePtr)) {
        let mut place = [0_u64; RESULT_WORDS];
        let place: *mut u64 = place.as_mut_ptr();
        let Self::Value { construct, destroy, to_variant } = self else { return call(place.cast()) };
        let mut variant = MaybeUninit::<Variant>::uninit();
        // SAFETY: the functions were made for the type of the result, which fits into the place. The place holds a
        // value of the type from `construct` on; zero is one for numbers.
        unsafe {
            if let Some(construct) = construct {
                construct(place.cast(), ptr::null());
            }
            call(place.cast());
            to_variant(variant.as_mut_ptr().cast(), place.cast());
            if let Some(destroy) = destroy {
                destroy(place.cast());
            }
            *returned.cast::<Variant>() = variant.assume_init();
        }
    }
}

/// Returns an array that an engine's struct points to.
///
/// # Safety
/// `start` points to `count` live values, or `count` is 0.
unsafe fn slice<'a, T>(start: *const T, count: usize) -> &'a [T] {
    // SAFETY: as this function.
    if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(start, count) } }
}

fn address(variant: &Variant) -> GDExtensionVariantPtr {
    ptr::from_ref(variant).cast_mut().cast()
}

fn kind_of(variant: &Variant) -> GDExtensionVariantType {
    // SAFETY: the function takes any variant.
    unsafe { interface_fn!(variant_get_type)(address(variant)) }
}

fn refused(error: GDExtensionCallErrorType, argument: usize, expected: usize) -> GDExtensionCallError {
    let number = |number| i32::try_from(number).unwrap_or(i32::MAX);
    GDExtensionCallError { error, argument: number(argument), expected: number(expected) }
}
