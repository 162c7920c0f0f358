# find_package(wspeer) defines the targets wspeer::wspeer (the shared library) and wspeer::static, as far as they are installed.
# Nothing here is absolute, so that the tree can be moved as a whole.

# From <prefix>/share/cmake/wspeer/.
get_filename_component(_wspeer_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

find_path(_wspeer_include NAMES wspeer.h PATHS "${_wspeer_prefix}/include" NO_DEFAULT_PATH NO_CACHE)
set(_wspeer_folders "${_wspeer_prefix}/lib" "${_wspeer_prefix}/lib64")
if(CMAKE_LIBRARY_ARCHITECTURE)
  list(APPEND _wspeer_folders "${_wspeer_prefix}/lib/${CMAKE_LIBRARY_ARCHITECTURE}")
endif()

# What the Rust standard library and the trust store need; `rustc --print native-static-libs` says the same.
if(WIN32)
  set(_wspeer_system bcrypt advapi32 crypt32 kernel32 ntdll userenv ws2_32)
elseif(APPLE)
  set(_wspeer_system "-framework Security" "-framework CoreFoundation" iconv System c m)
else()
  set(_wspeer_system gcc_s util rt pthread m dl c)
endif()

find_library(_wspeer_shared NAMES "${CMAKE_SHARED_LIBRARY_PREFIX}wspeer${CMAKE_SHARED_LIBRARY_SUFFIX}" wspeer.dll.lib
  PATHS ${_wspeer_folders} NO_DEFAULT_PATH NO_CACHE)
find_library(_wspeer_static NAMES "${CMAKE_STATIC_LIBRARY_PREFIX}wspeer${CMAKE_STATIC_LIBRARY_SUFFIX}"
  PATHS ${_wspeer_folders} NO_DEFAULT_PATH NO_CACHE)

if(_wspeer_include AND _wspeer_shared AND NOT TARGET wspeer::wspeer)
  if(WIN32)
    # What is linked with is the import library.
    add_library(wspeer::wspeer UNKNOWN IMPORTED)
  else()
    add_library(wspeer::wspeer SHARED IMPORTED)
  endif()
  set_target_properties(wspeer::wspeer PROPERTIES
    IMPORTED_LOCATION "${_wspeer_shared}" INTERFACE_INCLUDE_DIRECTORIES "${_wspeer_include}")
endif()
if(_wspeer_include AND _wspeer_static AND NOT TARGET wspeer::static)
  add_library(wspeer::static STATIC IMPORTED)
  set_target_properties(wspeer::static PROPERTIES
    IMPORTED_LOCATION "${_wspeer_static}" INTERFACE_INCLUDE_DIRECTORIES "${_wspeer_include}"
    INTERFACE_LINK_LIBRARIES "${_wspeer_system}")
endif()

if(NOT TARGET wspeer::wspeer AND NOT TARGET wspeer::static)
  set(wspeer_FOUND FALSE)
  set(wspeer_NOT_FOUND_MESSAGE "no library of wspeer under ${_wspeer_prefix}")
endif()

unset(_wspeer_prefix)
unset(_wspeer_include)
unset(_wspeer_folders)
unset(_wspeer_system)
unset(_wspeer_shared)
unset(_wspeer_static)
