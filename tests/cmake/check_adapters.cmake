# cmake -D ROOT=<adapters> -P check_adapters.cmake
# Fails if an adapter includes a layer above the concepts, or another adapter without being there to join the two.
cmake_minimum_required(VERSION 3.25)  # a -P script has no policies of its own

# The core an adapter sees; its own headers; the wire (headgate/v1 is generated from proto/) and its conversions.
set(every_adapter_sees vocabulary policy concepts retry protobuf v1)
set(sqlite_sees columns)  # a job as columns, which both databases keep
set(postgres_sees columns)
set(grpc_sees worker)  # it models the worker's side too
foreach(scheduler process embedded manual)
    set(${scheduler}_sees hosting)  # what schedulers on one machine share
endforeach()

file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/*.hpp ${ROOT}/*.cpp)
foreach(file IN LISTS files)
    string(REGEX MATCH "^[^/]+" mine ${file})
    # By quotes only a private header of the same folder.
    file(STRINGS ${ROOT}/${file} quoted REGEX "^ *# *include *\".*(headgate/|[.][.]/)")
    if(quoted)
        message(SEND_ERROR "${file} includes by quotes, which this check cannot follow: ${quoted}")
    endif()
    file(STRINGS ${ROOT}/${file} includes REGEX "^ *# *include *<headgate/")
    foreach(include IN LISTS includes)
        string(REGEX REPLACE ".*<headgate/([^/>]+).*" "\\1" theirs "${include}")
        if(NOT theirs STREQUAL mine AND NOT theirs IN_LIST every_adapter_sees AND NOT theirs IN_LIST ${mine}_sees)
            message(SEND_ERROR "${file}: ${mine} may not see ${theirs}")
        endif()
    endforeach()
endforeach()
