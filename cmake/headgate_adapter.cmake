# headgate_add_adapter(<name> [SOURCES <file>...] [FIND "<arguments of find_package>"...]
#                      [PUBLIC_LINK <target>...] [PRIVATE_LINK <target>...])
#
# Called in adapters/<name>/CMakeLists.txt. Makes headgate::<name>: its headers are include/headgate/<name>/**.hpp, its
# sources src/**.cpp and SOURCES; without a source it is an interface library. FIND names what it depends on, once: each
# is found REQUIRED here, and again by whoever finds the installed component. A link to headgate::<other> makes that
# component a dependency of this one.
#
#     headgate_add_adapter(sqlite FIND "SQLite3" "SQLiteCpp CONFIG" "Threads"
#                          PRIVATE_LINK SQLiteCpp SQLite::SQLite3 Threads::Threads)
macro(headgate_add_adapter name)  # a macro, so that find_package's variables reach the caller
    cmake_parse_arguments(adapter "" "" "SOURCES;FIND;PUBLIC_LINK;PRIVATE_LINK" ${ARGN})
    if(adapter_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "headgate_add_adapter(${name}): what is ${adapter_UNPARSED_ARGUMENTS}?")
    endif()
    foreach(adapter_package IN LISTS adapter_FIND)
        separate_arguments(adapter_package UNIX_COMMAND "${adapter_package}")
        find_package(${adapter_package} REQUIRED)
    endforeach()
    _headgate_make_adapter(${name})
endmacro()

function(_headgate_make_adapter name)
    set(target headgate-${name})
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/include/*.hpp)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/*.cpp)
    list(APPEND sources ${adapter_SOURCES})
    if(sources)
        add_library(${target} STATIC ${sources})
        set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
        set(scope PUBLIC)
        target_link_libraries(${target} PRIVATE ${adapter_PRIVATE_LINK})
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
        list(APPEND adapter_PUBLIC_LINK ${adapter_PRIVATE_LINK})
    endif()
    add_library(headgate::${name} ALIAS ${target})
    target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${headers})
    target_link_libraries(${target} ${scope} headgate::headgate ${adapter_PUBLIC_LINK})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
    set_property(GLOBAL APPEND PROPERTY HEADGATE_ADAPTERS_BUILT ${name})

    # An export and a file for each, so that whoever asks for one adapter needs the packages of no other.
    set(lines "# headgate::${name} and all that it depends on\ninclude_guard()\n")
    foreach(package IN LISTS adapter_FIND)
        string(APPEND lines "find_dependency(${package})\n")
    endforeach()
    foreach(other IN LISTS adapter_PUBLIC_LINK adapter_PRIVATE_LINK)
        if(other MATCHES "^headgate::(.+)$" AND NOT other STREQUAL "headgate::headgate")
            string(APPEND lines "include(\${CMAKE_CURRENT_LIST_DIR}/headgate-${CMAKE_MATCH_1}.cmake)\n")
        endif()
    endforeach()
    string(APPEND lines "include(\${CMAKE_CURRENT_LIST_DIR}/headgate-${name}-targets.cmake)\n")
    file(CONFIGURE OUTPUT headgate-${name}.cmake CONTENT "${lines}" @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/headgate-${name}.cmake DESTINATION ${headgate_cmake_dir})
    install(TARGETS ${target} EXPORT headgate-${name} FILE_SET HEADERS)
    install(EXPORT headgate-${name} NAMESPACE headgate:: FILE headgate-${name}-targets.cmake
            DESTINATION ${headgate_cmake_dir})
endfunction()

# headgate_generate(<name> [GRPC] PROTOS <file>...): after headgate_add_adapter(<name>). Generates C++ from files of
# proto/ (with GRPC the services, else the messages) and makes it part of headgate::<name>, compiled without our warnings.
# Included as <headgate/v1/....pb.h>. (Protobuf's own function misplaces files from outside the current folder.)
function(headgate_generate name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "GRPC" "" "PROTOS")
    set(proto ${PROJECT_SOURCE_DIR}/proto)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/generated)
    file(MAKE_DIRECTORY ${out})
    file(GLOB_RECURSE imported CONFIGURE_DEPENDS ${proto}/*.proto)
    set(files "")
    foreach(source IN LISTS arg_PROTOS)
        cmake_path(ABSOLUTE_PATH source)
        cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${proto} OUTPUT_VARIABLE stem)
        cmake_path(REMOVE_EXTENSION stem LAST_ONLY)
        if(arg_GRPC)
            set(made ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
            set(generator --grpc_out=${out} --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>)
        else()
            set(made ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
            set(generator --cpp_out=${out})
        endif()
        add_custom_command(OUTPUT ${made} COMMAND protobuf::protoc ${generator} -I ${proto} ${source}
                           DEPENDS ${imported} VERBATIM)  # any of them: one may import the other
        list(APPEND files ${made})
    endforeach()
    target_sources(headgate-${name} PRIVATE ${files})
    set_source_files_properties(${files} PROPERTIES COMPILE_OPTIONS -w)
    target_include_directories(headgate-${name} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
    install(DIRECTORY ${out}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
endfunction()
