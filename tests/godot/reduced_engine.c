/* Stands between the engine and the extension: hides parts of the engine, and records what the extension looks up.
 *
 * The engine loads this library in place of the extension. It loads the extension and passes it the engine's functions,
 * except those that look something up by name. Environment:
 *   WSPEER_EXTENSION       path of the extension
 *   WSPEER_MISSING_PARTS   file with a class ("RegEx") or a method ("Viewport.get_camera_3d") in each line
 *   WSPEER_LOOKUPS         file to which lookups are appended, each as a kind and its arguments
 * The engine itself is asked for a missing part by a name that it does not know, so it prints its own errors.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*function)(void);
typedef function (*get_proc_address)(const char *name);
typedef uint8_t (*entry_point)(get_proc_address engine, void *library, void *initialization);

/* The size of the engine's String and StringName. */
typedef struct {
    void *pointer;
} engine_string;

enum { TYPE_STRING = 4, STRING_FROM_STRING_NAME = 2, LONGEST_NAME = 256, MOST_MISSING = 4096 };

static get_proc_address engine;
static FILE *lookups;
static char *missing[MOST_MISSING];
static size_t missing_count;
static engine_string unknown_name;

static void (*string_from_name)(void *string, const void *const *arguments);
static void (*string_destroy)(void *string);
static int64_t (*string_to_utf8)(const void *string, char *text, int64_t size);

/* Casts between function pointers and data pointers, which ISO C does not have. */
static void set_function(void *variable, function found) {
    memcpy(variable, &found, sizeof found);
}

static void find(const char *name, void *variable) {
    function found = engine(name);
    if (found == NULL) {
        fprintf(stderr, "reduced_engine: the engine has no %s()\n", name);
        abort();
    }
    set_function(variable, found);
}

static void read_name(const void *name, char text[LONGEST_NAME]) {
    engine_string string = {NULL};
    const void *arguments[] = {name};
    string_from_name(&string, arguments);
    int64_t length = string_to_utf8(&string, text, LONGEST_NAME - 1);
    text[length < 0 ? 0 : length] = '\0';
    string_destroy(&string);
}

static void record(const char *format, const char *first, const char *second, long long number) {
    if (lookups != NULL) {
        fprintf(lookups, format, first, second, number);
    }
}

static int is_missing(const char *part) {
    for (size_t i = 0; i < missing_count; i++) {
        if (strcmp(missing[i], part) == 0) return 1;
    }
    return 0;
}

/* Returns the name by which the engine is asked for a class or singleton. */
static const void *asked(const void *name, const char *text) {
    return is_missing(text) ? &unknown_name : name;
}

static void *(*engine_method)(const void *class, const void *method, int64_t hash);

static void *find_method(const void *class, const void *method, int64_t hash) {
    char class_name[LONGEST_NAME], method_name[LONGEST_NAME], part[2 * LONGEST_NAME];
    read_name(class, class_name);
    read_name(method, method_name);
    snprintf(part, sizeof part, "%s.%s", class_name, method_name);
    record("method %s %s %lld\n", class_name, method_name, hash);
    return engine_method(asked(class, class_name), is_missing(part) ? &unknown_name : method, hash);
}

static void *(*engine_class_tag)(const void *class);

static void *class_tag(const void *class) {
    char name[LONGEST_NAME];
    read_name(class, name);
    record("class %s%s\n", name, "", 0);
    return engine_class_tag(asked(class, name));
}

static void *(*engine_construct)(const void *class);

static void *construct(const void *class) {
    char name[LONGEST_NAME];
    read_name(class, name);
    record("class %s%s\n", name, "", 0);
    return engine_construct(asked(class, name));
}

static void *(*engine_singleton)(const void *name);

static void *singleton(const void *name) {
    char text[LONGEST_NAME];
    read_name(name, text);
    record("singleton %s%s\n", text, "", 0);
    return engine_singleton(asked(name, text));
}

static void (*engine_register)(void *library, const void *class, const void *parent, const void *info);

static void register_class(void *library, const void *class, const void *parent, const void *info) {
    char name[LONGEST_NAME], parent_name[LONGEST_NAME];
    read_name(class, name);
    read_name(parent, parent_name);
    record("registered %s%s\n", name, "", 0);
    record("class %s%s\n", parent_name, "", 0);
    engine_register(library, class, asked(parent, parent_name), info);
}

static function (*engine_utility)(const void *name, int64_t hash);

static function utility(const void *name, int64_t hash) {
    char text[LONGEST_NAME];
    read_name(name, text);
    record("utility %s%s %lld\n", text, "", hash);
    return engine_utility(name, hash);
}

static function (*engine_builtin)(int32_t type, const void *method, int64_t hash);

static function builtin(int32_t type, const void *method, int64_t hash) {
    char number[16], name[LONGEST_NAME];
    snprintf(number, sizeof number, "%d", type);
    read_name(method, name);
    record("builtin %s %s %lld\n", number, name, hash);
    return engine_builtin(type, method, hash);
}

static function (*engine_constructor)(int32_t type, int32_t index);

static function constructor(int32_t type, int32_t index) {
    char number[16];
    snprintf(number, sizeof number, "%d", type);
    record("constructor %s%s %lld\n", number, "", index);
    return engine_constructor(type, index);
}

static function (*engine_operator)(int32_t operation, int32_t left, int32_t right);

static function operator_of(int32_t operation, int32_t left, int32_t right) {
    char first[16], second[16];
    snprintf(first, sizeof first, "%d", operation);
    snprintf(second, sizeof second, "%d", left);
    record("operator %s %s %lld\n", first, second, right);
    return engine_operator(operation, left, right);
}

/* The engine's functions that take a name or a number of something that later engines may have more of. */
static const struct {
    const char *name;
    void *engine;
    function ours;
} REPLACED[] = {
    {"classdb_get_method_bind", &engine_method, (function)find_method},
    {"classdb_get_class_tag", &engine_class_tag, (function)class_tag},
    {"classdb_construct_object2", &engine_construct, (function)construct},
    {"global_get_singleton", &engine_singleton, (function)singleton},
    {"classdb_register_extension_class4", &engine_register, (function)register_class},
    {"variant_get_ptr_utility_function", &engine_utility, (function)utility},
    {"variant_get_ptr_builtin_method", &engine_builtin, (function)builtin},
    {"variant_get_ptr_constructor", &engine_constructor, (function)constructor},
    {"variant_get_ptr_operator_evaluator", &engine_operator, (function)operator_of},
};

static function intercept(const char *name) {
    function found = engine(name);
    record("interface %s%s\n", name, "", 0);
    for (size_t i = 0; i < sizeof REPLACED / sizeof *REPLACED; i++) {
        if (found != NULL && strcmp(name, REPLACED[i].name) == 0) {
            set_function(REPLACED[i].engine, found);
            return REPLACED[i].ours;
        }
    }
    return found;
}

static void read_missing(const char *path) {
    char line[2 * LONGEST_NAME];
    FILE *file = path == NULL ? NULL : fopen(path, "r");
    if (file == NULL) return;
    while (missing_count < MOST_MISSING && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        missing[missing_count++] = strdup(line);
    }
    fclose(file);
}

static void prepare(void) {
    void (*name_from_utf8)(void *name, const char *text);
    function (*ptr_constructor)(int32_t type, int32_t index);
    function (*ptr_destructor)(int32_t type);

    find("variant_get_ptr_constructor", &ptr_constructor);
    find("variant_get_ptr_destructor", &ptr_destructor);
    find("string_to_utf8_chars", &string_to_utf8);
    find("string_name_new_with_utf8_chars", &name_from_utf8);
    set_function(&string_from_name, ptr_constructor(TYPE_STRING, STRING_FROM_STRING_NAME));
    set_function(&string_destroy, ptr_destructor(TYPE_STRING));
    name_from_utf8(&unknown_name, "unknown_to_the_engine");

    read_missing(getenv("WSPEER_MISSING_PARTS"));
    const char *path = getenv("WSPEER_LOOKUPS");
    lookups = path == NULL ? NULL : fopen(path, "a");
    /* Several processes append whole lines. */
    if (lookups != NULL) setvbuf(lookups, NULL, _IOLBF, 0);
}

uint8_t wspeer_gdextension_init(get_proc_address found, void *library, void *initialization) {
    const char *path = getenv("WSPEER_EXTENSION");
    void *extension = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (extension == NULL) {
        fprintf(stderr, "reduced_engine: WSPEER_EXTENSION: %s\n", path == NULL ? "not set" : dlerror());
        return 0;
    }
    entry_point start;
    void *symbol = dlsym(extension, "wspeer_gdextension_init");
    memcpy(&start, &symbol, sizeof start);
    engine = found;
    prepare();
    return start(intercept, library, initialization);
}
