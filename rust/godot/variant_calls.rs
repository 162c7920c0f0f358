//! Decides how a call with variants reaches a method: through the method's pointer call, with arguments of other types
//! converted as for the engine's own methods, or not at all if the call is wrong.
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
use std::ptr;

use godot::meta::GodotType;
use godot::prelude::*;
use godot::sys::{
    self, GDEXTENSION_CALL_ERROR_INVALID_ARGUMENT, GDEXTENSION_CALL_ERROR_TOO_FEW_ARGUMENTS,
    GDEXTENSION_CALL_ERROR_TOO_MANY_ARGUMENTS, GDEXTENSION_CALL_OK, GDExtensionCallError, GDExtensionCallErrorType,
    GDExtensionClassInstancePtr, GDExtensionClassMethodInfo, GDExtensionConstTypePtr, GDExtensionConstVariantPtr,
    GDExtensionInt, GDExtensionObjectPtr, GDExtensionPropertyInfo, GDExtensionTypePtr, GDExtensionUninitializedTypePtr,
    GDExtensionUninitializedVariantPtr, GDExtensionVariantPtr, GDExtensionVariantType, GodotFfi, interface_fn,
};

use super::short_calls::PointerCall;

type ValueOf = unsafe extern "C" fn(GDExtensionVariantPtr) -> *mut c_void;
type Construct = unsafe extern "C" fn(GDExtensionUninitializedTypePtr, *const GDExtensionConstTypePtr);
type Destroy = unsafe extern "C" fn(GDExtensionTypePtr);
type ToVariant = unsafe extern "C" fn(GDExtensionUninitializedVariantPtr, GDExtensionTypePtr);
type ClassTag = *mut c_void;
/// Result of a counted object.
type CountedObject = Option<Gd<RefCounted>>;

/// The most arguments of a method.
const MOST_ARGUMENTS: usize = 6;

/// The largest results by pointer: strings, arrays, dictionaries and numbers take at most two words.
const RESULT_WORDS: usize = 2;

/// Usage flag of a value that may be of any type.
const NIL_IS_VARIANT: u32 = 1 << 17;

/// What calls of one method need.
struct Method {
    by_pointer: PointerCall,
    arguments: Vec<Argument>,
    /// Values of the last arguments, for calls that leave them out.
    defaults: Vec<Variant>,
    result: MethodResult,
}

struct Argument {
    kind: GDExtensionVariantType,
    value: ArgumentValue,
}

enum ArgumentValue {
    /// The function finds the value in a variant of the argument's type.
    Plain(ValueOf),
    /// An object of the class with this tag, or null.
    Object(ClassTag),
}

enum MethodResult {
    Nothing,
    Value {
        construct: Option<Construct>,
        destroy: Option<Destroy>,
        to_variant: ToVariant,
    },
    /// A counted object, or null.
    Object {
        to_variant: ToVariant,
    },
}

/// The values of the arguments of a call, as pointer calls take them.
struct Values {
    places: [GDExtensionConstTypePtr; MOST_ARGUMENTS],
    objects: [GDExtensionObjectPtr; MOST_ARGUMENTS],
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
        let by_pointer = info.ptrcall_func?;
        let count = info.argument_count as usize;
        if count > MOST_ARGUMENTS {
            return None;
        }
        // SAFETY: gdext passes arrays of the stated lengths, which live as long as this call.
        let (infos, defaults) = unsafe {
            (slice(info.arguments_info, count), slice(info.default_arguments, info.default_argument_count as usize))
        };
        let arguments = infos.iter().map(Argument::new).collect::<Option<_>>()?;
        // SAFETY: gdext passes variants.
        let defaults = defaults.iter().map(|default| unsafe { (*default.cast::<Variant>()).clone() }).collect();
        // SAFETY: as above.
        let result =
            unsafe { info.return_value_info.as_ref() }.map_or(Some(MethodResult::Nothing), MethodResult::of)?;
        Some(Self { by_pointer, arguments, defaults, result })
    }

    /// Returns the variant of an argument: the given one, or the default.
    ///
    /// # Safety
    /// `given` points to `count` live variants, which stay alive, and `count` is valid for this method.
    unsafe fn variant(&self, given: *const GDExtensionConstVariantPtr, count: usize, index: usize) -> Option<&Variant> {
        if index < count {
            // SAFETY: as this function.
            return Some(unsafe { &*(*given.add(index)).cast::<Variant>() });
        }
        self.defaults.get(index.checked_sub(self.arguments.len() - self.defaults.len())?)
    }

    /// Runs a call without conversions. Returns whether that is possible.
    ///
    /// # Safety
    /// As for [`Self::variant`]; `instance` and `returned` are those of the call.
    unsafe fn call(
        &self,
        instance: GDExtensionClassInstancePtr,
        variant: impl Fn(usize) -> Option<*const Variant>,
        returned: GDExtensionVariantPtr,
    ) -> bool {
        let mut values = Values { places: [ptr::null(); MOST_ARGUMENTS], objects: [ptr::null_mut(); MOST_ARGUMENTS] };
        let places = values.places.iter_mut().zip(&mut values.objects);
        for (index, (argument, (place, object))) in self.arguments.iter().zip(places).enumerate() {
            // SAFETY: as this function.
            let found = variant(index).and_then(|variant| argument.value_in(unsafe { &*variant }, object));
            match found {
                Some(value) => *place = value,
                None => return false,
            }
        }
        // SAFETY: as this function. The values have the types that are registered for the method.
        unsafe {
            self.result.receive(returned, |place| {
                (self.by_pointer)(ptr::null_mut(), instance, values.places.as_ptr(), place);
            });
        }
        true
    }

    /// Converts the arguments that have other types; `None` if there is one that cannot be converted.
    ///
    /// # Safety
    /// As for [`Self::variant`].
    unsafe fn converted(&self, given: *const GDExtensionConstVariantPtr, count: usize) -> Option<Vec<Variant>> {
        let convert = |(index, argument): (usize, &Argument)| {
            // SAFETY: as this function.
            argument.converted(unsafe { self.variant(given, count, index) }?)
        };
        self.arguments.iter().enumerate().map(convert).collect()
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

impl Argument {
    fn new(info: &GDExtensionPropertyInfo) -> Option<Self> {
        let kind = info.type_;
        // SAFETY: the functions take any type and any class name.
        let value = unsafe {
            match kind {
                sys::GDEXTENSION_VARIANT_TYPE_NIL => return None,
                sys::GDEXTENSION_VARIANT_TYPE_OBJECT => {
                    ArgumentValue::Object(interface_fn!(classdb_get_class_tag)(info.class_name))
                }
                _ => ArgumentValue::Plain(interface_fn!(variant_get_ptr_internal_getter)(kind)?),
            }
        };
        Some(Self { kind, value })
    }

    /// Returns the address of the value if the variant has the declared type. `object` is the place for an object.
    fn value_in(&self, variant: &Variant, object: &mut GDExtensionObjectPtr) -> Option<GDExtensionConstTypePtr> {
        match self.value {
            ArgumentValue::Plain(value) if kind_of(variant) == self.kind => {
                // SAFETY: the variant has the type that the function was made for.
                Some(unsafe { value(address(variant)) }.cast_const().cast())
            }
            ArgumentValue::Plain(_) => None,
            ArgumentValue::Object(class) => {
                *object = object_in(variant, class)?;
                Some(ptr::from_mut(object).cast_const().cast())
            }
        }
    }

    /// Returns whether the engine would convert the variant for one of its own methods.
    fn accepts(&self, variant: &Variant) -> bool {
        match self.value {
            ArgumentValue::Object(class) => object_in(variant, class).is_some(),
            ArgumentValue::Plain(_) => {
                let kind = kind_of(variant);
                // SAFETY: the function takes any types.
                kind == self.kind || unsafe { interface_fn!(variant_can_convert_strict)(kind, self.kind) } != 0
            }
        }
    }

    /// Returns a variant of the declared type, as the engine converts arguments of its own methods.
    fn converted(&self, variant: &Variant) -> Option<Variant> {
        if matches!(self.value, ArgumentValue::Object(_)) || kind_of(variant) == self.kind {
            return Some(variant.clone());
        }
        let mut converted = MaybeUninit::<Variant>::uninit();
        let mut error = sys::default_call_error();
        let source: [GDExtensionConstVariantPtr; 1] = [address(variant).cast_const()];
        // SAFETY: the function takes any type and any variant, and writes a variant in any case.
        let converted = unsafe {
            interface_fn!(variant_construct)(
                self.kind,
                converted.as_mut_ptr().cast(),
                source.as_ptr(),
                1,
                &raw mut error,
            );
            converted.assume_init()
        };
        (error.error == GDEXTENSION_CALL_OK).then_some(converted)
    }
}

/// Returns the object in a variant, which may be null; `None` for other variants and classes and for freed objects.
fn object_in(variant: &Variant, class: ClassTag) -> Option<GDExtensionObjectPtr> {
    if kind_of(variant) == sys::GDEXTENSION_VARIANT_TYPE_NIL {
        return Some(ptr::null_mut());
    }
    if kind_of(variant) != sys::GDEXTENSION_VARIANT_TYPE_OBJECT {
        return None;
    }
    // SAFETY: the functions take any variant, any instance id, and live objects.
    unsafe {
        let id = interface_fn!(variant_get_object_instance_id)(address(variant).cast_const());
        if id == 0 {
            return Some(ptr::null_mut());
        }
        let object = interface_fn!(object_get_instance_from_id)(id);
        let is_of_class = !object.is_null() && !interface_fn!(object_cast_to)(object.cast_const(), class).is_null();
        is_of_class.then_some(object)
    }
}

impl MethodResult {
    fn of(info: &GDExtensionPropertyInfo) -> Option<Self> {
        let kind = info.type_;
        match kind {
            sys::GDEXTENSION_VARIANT_TYPE_NIL if info.usage & NIL_IS_VARIANT == 0 => return Some(Self::Nothing),
            sys::GDEXTENSION_VARIANT_TYPE_OBJECT => {
                // SAFETY: the function takes any type.
                let to_variant = unsafe { interface_fn!(get_variant_from_type_constructor)(kind) }?;
                return Some(Self::Object { to_variant });
            }
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
    let count = usize::try_from(count).unwrap_or(0);
    let is_possible = count <= method.arguments.len();
    // SAFETY: the engine passes `count` variants for an instance of the class, and places for result and error.
    unsafe {
        let given_variant = |index| method.variant(given, count, index).map(ptr::from_ref);
        if is_possible && method.call(instance, given_variant, returned) {
            (*error).error = GDEXTENSION_CALL_OK;
        } else if let Some(refusal) = method.refusal(given, count) {
            *error = refusal;
        } else if let Some(converted) = method.converted(given, count)
            && method.call(instance, |index| converted.get(index).map(ptr::from_ref), returned)
        {
            (*error).error = GDEXTENSION_CALL_OK;
        } else {
            *error = refused(GDEXTENSION_CALL_ERROR_INVALID_ARGUMENT, 0, 0);
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
        let (construct, destroy, to_variant) = match self {
            Self::Nothing => return call(place.cast()),
            Self::Object { to_variant } => {
                call(place.cast());
                // SAFETY: as this function. The method has written the address of an object, which it has counted, or
                // zero. The variant counts the object too.
                unsafe {
                    write_variant(*to_variant, returned, place.cast());
                    let object = *place.cast::<GDExtensionConstTypePtr>();
                    drop(CountedObject::from_ffi(<CountedObject as GodotType>::Ffi::new_from_sys(object)));
                }
                return;
            }
            Self::Value { construct, destroy, to_variant } => (construct, destroy, to_variant),
        };
        // SAFETY: the functions were made for the type of the result, which fits into the place. The place holds a
        // value of the type from `construct` on; zero is one for numbers.
        unsafe {
            if let Some(construct) = construct {
                construct(place.cast(), ptr::null());
            }
            call(place.cast());
            write_variant(*to_variant, returned, place.cast());
            if let Some(destroy) = destroy {
                destroy(place.cast());
            }
        }
    }
}

/// Replaces a variant in its place, because moving one that was just written makes the processor wait.
///
/// # Safety
/// `returned` is a live variant, and `value` has the type of the function.
unsafe fn write_variant(to_variant: ToVariant, returned: GDExtensionVariantPtr, value: GDExtensionTypePtr) {
    // SAFETY: as this function. The function takes memory without a value and writes a variant.
    unsafe {
        ptr::drop_in_place(returned.cast::<Variant>());
        to_variant(returned.cast(), value);
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
