"""Runs the tests beside this file: see secure.sh, which provisions what they need.

    run.py [--list] --base DIRECTORY --end PROGRAM --openssl PROGRAM ... [NAME]...
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import sys
import time
import traceback

import support

# More than the cores: most of a test is waiting.
WORKERS = 4


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    for name in ("base", "end", "certificates", "project"):
        parser.add_argument(f"--{name}", type=pathlib.Path)
    for name in ("openssl", "nginx", "tinyproxy", "chromium", "godot"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("names", nargs="*")
    return parser.parse_args()


def run(name, function):
    """(name, seconds, what went wrong or None)"""
    begin = time.monotonic()
    stage = support.Stage(name)
    failure = None
    try:
        with stage.stack:
            function(stage)
    except support.Failed as error:
        failure = str(error)
    except Exception:
        failure = traceback.format_exc()
    return name, time.monotonic() - begin, failure


def main():
    support.paths = arguments = parse()
    # They register their tests.
    import browser_tests
    import godot_tests
    import hostile_tests
    import nginx_tests
    import openssl_tests
    import proxy_tests

    if arguments.list:
        print("\n".join(name for name, _ in support.TESTS))
        return 0
    for name in arguments.names:
        if not any(known.startswith(name) for known, _ in support.TESTS):
            sys.exit(f"no test's name begins with {name}; --list tells which there are")
    chosen = [
        (name, function)
        for name, function in support.TESTS
        if not arguments.names or any(name.startswith(wanted) for wanted in arguments.names)
    ]
    # The programs are all on this machine, whatever proxies it has.
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT"):
            del os.environ[name]
    arguments.logs = arguments.base / "logs"
    shutil.rmtree(arguments.logs, ignore_errors=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as executor:
        tasks = [executor.submit(run, name, function) for name, function in chosen]
        for task in concurrent.futures.as_completed(tasks):
            name, seconds, failure = task.result()
            if failure is None:
                print(f"ok     {name:<52} {seconds:5.1f} s", flush=True)
                continue
            failed += 1
            print(f"FAILED {name} after {seconds:.1f} s ({arguments.logs / name})", flush=True)
            print("\n".join("    " + line for line in failure.splitlines()), flush=True)

    print("longest wsp_peer_poll() or wsp_peer_connect_to_url() in ms, on the clock and of the thread's own time:")
    for kind in sorted({name.split("-")[0] for _, _, name in support.calls}):
        mine = [call for call in support.calls if call[2].split("-")[0] == kind]
        slowest = max(mine)
        own = max(call[1] for call in mine)
        print(f"    {kind:<10} {slowest[0]:7.3f} {own:7.3f}   of {len(mine)} connections, in {slowest[2]}")
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 0 if chosen and not failed else 1


sys.exit(main())
