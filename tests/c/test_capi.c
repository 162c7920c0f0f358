/*
 * Tests the C interface.
 *
 *     test_capi [TEST]...
 *
 * Runs all tests or those named. The last line of the output is `N passed, N failed`.
 */

#include "check.h"
#include "tests.h"

/* Ends the program if a call never returns, which no deadline in a loop can notice. */
#define TOTAL_SECONDS 120

struct test {
    const char *name;
    void (*run)(void);
};

#define ENTRY(name) {#name, name},

#ifdef _WIN32
static const struct test tests[] = {CAPI_TESTS(ENTRY)};
static const struct test isolated_cases[] = {ISOLATED_CASES(ENTRY)};
#else
static const struct test tests[] = {CAPI_TESTS(ENTRY) POSIX_TESTS(ENTRY)};
static const struct test isolated_cases[] = {ISOLATED_CASES(ENTRY) ISOLATED_POSIX_CASES(ENTRY)};
#endif

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const char *program;

bool passes_isolated(const char *name)
{
    fflush(stdout);
    return status_of(program, "--isolated", name) == EXIT_SUCCESS;
}

static int run_isolated(const char *name)
{
    for (size_t i = 0; i < COUNT(isolated_cases); i++) {
        if (strcmp(isolated_cases[i].name, name) == 0) {
            isolated_cases[i].run();
            return failed_checks() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    return EXIT_FAILURE;
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return argc < 2;
}

int main(int argc, char **argv)
{
    int passed = 0;
    int failed = 0;

    begin_program(&argc, &argv);
    program = argv[0];
    end_after((unsigned)(TOTAL_SECONDS * patience()));
    if (argc == 3 && strcmp(argv[1], "--isolated") == 0) {
        return run_isolated(argv[2]);
    }
    for (size_t i = 0; i < COUNT(tests); i++) {
        int before = failed_checks();

        if (!is_wanted(tests[i].name, argc, argv)) {
            continue;
        }
        about(NULL);
        tests[i].run();
        if (failed_checks() == before) {
            passed++;
        } else {
            failed++;
            printf("FAILED %s\n", tests[i].name);
        }
        fflush(stdout);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
