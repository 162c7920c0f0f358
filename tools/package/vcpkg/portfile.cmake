# Installs a release of the C library as it was built. archives.cmake lists the archives of the release.
include("${CMAKE_CURRENT_LIST_DIR}/archives.cmake")

if(VCPKG_TARGET_IS_WINDOWS)
  set(system windows)
elseif(VCPKG_TARGET_IS_OSX)
  set(system macos)
elseif(VCPKG_TARGET_IS_ANDROID)
  set(system android)
elseif(VCPKG_TARGET_IS_LINUX)
  set(system linux)
else()
  set(system other)
endif()
set(platform "${system}_${VCPKG_TARGET_ARCHITECTURE}")
if(NOT DEFINED archive_${platform})
  message(FATAL_ERROR "there is no release of wspeer for ${TARGET_TRIPLET}")
endif()
# The static library for Windows is one of GNU's tools, whose run time Microsoft's linker does not have.
if(VCPKG_TARGET_IS_WINDOWS AND NOT VCPKG_TARGET_IS_MINGW)
  vcpkg_check_linkage(ONLY_DYNAMIC_LIBRARY)
endif()

vcpkg_download_distfile(archive
  URLS "${release_url}/${archive_${platform}}"
  FILENAME "${archive_${platform}}"
  SHA512 "${sha512_${platform}}")
vcpkg_extract_source_archive(source ARCHIVE "${archive}")

file(INSTALL "${source}/include/wspeer.h" "${source}/include/wspeer.hpp" DESTINATION "${CURRENT_PACKAGES_DIR}/include")
if(VCPKG_LIBRARY_LINKAGE STREQUAL "dynamic")
  file(GLOB libraries "${source}/lib/libwspeer.so*" "${source}/lib/libwspeer.dylib" "${source}/lib/libwspeer.dll.a"
    "${source}/lib/wspeer.lib")
  file(GLOB programs "${source}/bin/*.dll")
  if(programs)
    file(INSTALL ${programs} DESTINATION "${CURRENT_PACKAGES_DIR}/bin")
  endif()
else()
  set(libraries "${source}/lib/libwspeer.a")
endif()
file(INSTALL ${libraries} DESTINATION "${CURRENT_PACKAGES_DIR}/lib")
file(INSTALL "${source}/lib/pkgconfig/wspeer.pc" DESTINATION "${CURRENT_PACKAGES_DIR}/lib/pkgconfig")
file(INSTALL "${source}/share/cmake/wspeer/" DESTINATION "${CURRENT_PACKAGES_DIR}/share/wspeer")
file(INSTALL "${source}/share/doc/wspeer/THIRD-PARTY-LICENSES.txt" DESTINATION "${CURRENT_PACKAGES_DIR}/share/wspeer")
vcpkg_install_copyright(FILE_LIST "${source}/share/doc/wspeer/LICENSE")

# A release has no debug build. The library calls the C library that each Windows has, whatever the program uses.
set(VCPKG_POLICY_MISMATCHED_NUMBER_OF_BINARIES enabled)
set(VCPKG_POLICY_SKIP_CRT_LINKAGE_CHECK enabled)
