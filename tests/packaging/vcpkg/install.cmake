# Runs a portfile as vcpkg does, with the functions and variables of vcpkg that it uses:
#   cmake -DPORT=FOLDER -DPACKAGES=FOLDER -DLINKAGE=dynamic|static -DSYSTEM=LINUX -DARCHITECTURE=x64 -P install.cmake
cmake_minimum_required(VERSION 3.18)

function(vcpkg_download_distfile output)
  cmake_parse_arguments(PARSE_ARGV 1 file "" "FILENAME;SHA512" "URLS")
  file(DOWNLOAD "${file_URLS}" "${PACKAGES}/downloads/${file_FILENAME}" EXPECTED_HASH "SHA512=${file_SHA512}")
  set(${output} "${PACKAGES}/downloads/${file_FILENAME}" PARENT_SCOPE)
endfunction()

function(vcpkg_extract_source_archive output)
  cmake_parse_arguments(PARSE_ARGV 1 source "" "ARCHIVE" "")
  file(ARCHIVE_EXTRACT INPUT "${source_ARCHIVE}" DESTINATION "${PACKAGES}/source")
  file(GLOB folders "${PACKAGES}/source/*")
  list(LENGTH folders count)
  if(NOT count EQUAL 1)
    message(FATAL_ERROR "the archive has ${count} folders")
  endif()
  set(${output} "${folders}" PARENT_SCOPE)
endfunction()

function(vcpkg_check_linkage)
  if(LINKAGE STREQUAL "static")
    set(VCPKG_LIBRARY_LINKAGE dynamic PARENT_SCOPE)
  endif()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 copyright "" "" "FILE_LIST")
  configure_file("${copyright_FILE_LIST}" "${CURRENT_PACKAGES_DIR}/share/wspeer/copyright" COPYONLY)
endfunction()

set(CURRENT_PACKAGES_DIR "${PACKAGES}/installed")
set(TARGET_TRIPLET "${ARCHITECTURE}-${SYSTEM}")
set(VCPKG_TARGET_ARCHITECTURE "${ARCHITECTURE}")
set(VCPKG_LIBRARY_LINKAGE "${LINKAGE}")
set(VCPKG_TARGET_IS_${SYSTEM} ON)
file(REMOVE_RECURSE "${PACKAGES}")
include("${PORT}/portfile.cmake")
