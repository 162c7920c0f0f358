"""Packages a release of the C library for Conan 2, as it was built. conandata.yml lists the archives."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, get, load
from conan.tools.layout import basic_layout


class WspeerConan(ConanFile):
    name = "wspeer"
    license = "MIT"
    description = "WebSockets for programs that tick: a polling C library"
    topics = ("websocket", "gamedev")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "musl": [True, False]}
    default_options = {"shared": True, "musl": False}

    def set_version(self):
        self.version = self.conan_data["version"]

    def config_options(self):
        if self.settings.os != "Linux":
            del self.options.musl

    def layout(self):
        basic_layout(self)

    def package_id(self):
        # One library serves every compiler and build type.
        # The release has both kinds of import library for Windows.
        self.info.settings.rm_safe("compiler")
        self.info.settings.rm_safe("build_type")

    def _archive(self):
        libc = "musl" if self.options.get_safe("musl") else ""
        key = (str(self.settings.os), str(self.settings.arch), libc)
        for archive in self.conan_data["archives"]:
            if key in [(archive["os"], arch, archive.get("libc", "")) for arch in archive["archs"]]:
                return archive
        raise ConanInvalidConfiguration(f"there is no release of wspeer for {' '.join(filter(None, key))}")

    def validate(self):
        archive = self._archive()
        if self.options.shared and not archive["shared"]:
            raise ConanInvalidConfiguration("this release of wspeer has a static library only")
        if not self.options.shared and self.settings.get_safe("compiler") == "msvc":
            raise ConanInvalidConfiguration("the static library for Windows is one of GNU's tools: use shared=True")

    def build(self):
        archive = self._archive()
        get(self, archive["url"], sha256=archive["sha256"], strip_root=True, destination=self.build_folder)

    def package(self):
        source, target = self.build_folder, self.package_folder
        copy(self, "*.h*", os.path.join(source, "include"), os.path.join(target, "include"))
        copy(self, "*", os.path.join(source, "share", "doc", "wspeer"), os.path.join(target, "licenses"))
        copy(self, "wspeer.pc", os.path.join(source, "lib", "pkgconfig"), os.path.join(target, "res"))
        patterns = ["libwspeer.so*", "libwspeer.dylib", "libwspeer.dll.a", "wspeer.lib"]
        for pattern in patterns if self.options.shared else ["libwspeer.a"]:
            copy(self, pattern, os.path.join(source, "lib"), os.path.join(target, "lib"))
        if self.options.shared:
            copy(self, "*.dll", os.path.join(source, "bin"), os.path.join(target, "bin"))

    def package_info(self):
        self.cpp_info.libs = ["wspeer"]
        self.cpp_info.resdirs = ["res"]
        self.cpp_info.set_property("pkg_config_name", "wspeer")
        self.cpp_info.set_property("cmake_file_name", "wspeer")
        self.cpp_info.set_property("cmake_target_name", "wspeer::wspeer" if self.options.shared else "wspeer::static")
        if not self.options.shared:
            # What rustc lists for the target.
            description = load(self, os.path.join(self.package_folder, "res", "wspeer.pc"))
            private = re.search(r"^Libs\.private:(.*)$", description, re.MULTILINE)[1]
            self.cpp_info.frameworks = re.findall(r"-framework (\w+)", private)
            self.cpp_info.system_libs = re.findall(r"-l(\S+)", private)
