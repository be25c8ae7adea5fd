# What only we who build headgate itself want, never those who include it: warnings as errors, sanitizers, ccache.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False in std::string's operator+ (GCC bug 105651), and when optimising of what a variant or an optional holds.
    add_compile_options(-Wno-restrict $<$<NOT:$<CONFIG:Debug>>:-Wno-maybe-uninitialized>)
endif()

if(HEADGATE_SANITIZE)
    set(headgate_sanitize -fsanitize=${HEADGATE_SANITIZE} -fno-sanitize-recover=all)
    if(HEADGATE_SANITIZE MATCHES undefined)
        # These check every access to a member: with them a test takes 1.6 times as long to compile. A null pointer ends
        # in AddressSanitizer all the same.
        list(APPEND headgate_sanitize -fno-sanitize=null,alignment)
    endif()
    add_compile_options(${headgate_sanitize} -fno-omit-frame-pointer)
    add_link_options(${headgate_sanitize})
    if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        # The instrumentation hides from g++ what is initialized, as its manual says.
        add_compile_options(-Wno-maybe-uninitialized)
        if(HEADGATE_SANITIZE MATCHES thread)
            # Boost.Asio has fences, which ThreadSanitizer does not see; what they order it sees by Asio's mutexes too.
            add_compile_options(-Wno-tsan)
        endif()
    endif()
endif()

find_program(HEADGATE_CCACHE ccache)
mark_as_advanced(HEADGATE_CCACHE)
if(HEADGATE_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${HEADGATE_CCACHE})
endif()
