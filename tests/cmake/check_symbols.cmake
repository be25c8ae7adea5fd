# cmake -D NM=<nm> -D OBJECT=<file> -P check_symbols.cmake
# Fails if a controller with the default policies and no observer has a function of an observer or of any other policy.
cmake_minimum_required(VERSION 3.25)  # a -P script has no policies of its own

execute_process(COMMAND ${NM} --demangle --defined-only ${OBJECT} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
set(begin "\n[0-9a-f]+ [A-Za-z] ([^\n(]* )?headgate::v1::")  # templates have what they return before them
if(NOT symbols MATCHES "${begin}slot_filling::operator")
    message(FATAL_ERROR "${OBJECT} has no function of the policy that it uses")
endif()
foreach(unused silent balanced local sticky spread linear decorrelated full_jitter failure_rate any_address constant
               detail::pouring
               detail::moving_flow)
    if(symbols MATCHES "${begin}${unused}(<[^\n]*>)?::[^\n]*")
        message(SEND_ERROR "unused, and there: ${CMAKE_MATCH_0}")
    endif()
endforeach()
