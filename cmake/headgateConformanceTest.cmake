# headgate_add_conformance_test(<name> <concept> <header> <factory> [LINK <target>...])
#
# The executable conformance.<name> and the test of that name: the laws of a concept on a model of yours. <factory>() makes
# a new model and is a function, lambda or type of <header>, which is looked for in the current folders and in those of
# LINK. Needs no test framework. A law that does not hold is printed with what was expected, what came and the calls that
# led there.
#
#     find_package(headgate CONFIG REQUIRED)
#     enable_testing()
#     headgate_add_conformance_test(my_cluster scheduler my/cluster.hpp my::cluster LINK my_library)
#
# What <factory>() makes, by concept, and the members that the laws ask for beside the concept's own:
#
#     scheduler          a model with room for exactly 4 workers;  m.exit(job, generation, worker): that worker ends by
#                        itself
#     database           a new and empty model, or a pointer to one
#     channel            a rig of a channel and two links: `channel_rig` in conformance/laws/channel_trial.hpp
#     clock              a model
#     state_backend      a new and empty model;  m.damage(job, name): what is kept of that checkpoint becomes unreadable
#     secrets            a model
#     observer           a model
#     assignment_policy  a policy
#
# A law waits up to 5 s for an answer, so a model may complete on threads of its own. m.settle(came), if there is one, is
# called in place of that: it runs the model until came() is true.
include(${CMAKE_CURRENT_LIST_DIR}/headgateFindHeader.cmake)

function(headgate_add_conformance_test name concept header factory)
    set(check_scheduler "laws::check_scheduler(make, settle, end_worker, report)")
    set(check_database "laws::check_database(make, settle, report)")
    set(check_channel "laws::check_channel(make, settle, report)")
    set(check_clock "auto model = make(); laws::check_clock(model, pass, report)")
    set(check_state_backend "laws::check_state_backend(make, settle, damage, report)")
    set(check_secrets "laws::check_secrets(make, report)")
    set(check_observer "laws::check_observer(make, report)")
    set(check_assignment_policy "laws::check_assignment(make(), report)")
    set(concepts scheduler database channel clock state_backend secrets observer assignment_policy)
    cmake_parse_arguments(PARSE_ARGV 4 arg "" "" "LINK")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "headgate_add_conformance_test(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
    endif()
    if(NOT concept IN_LIST concepts)
        list(JOIN concepts ", " all)
        message(FATAL_ERROR "headgate_add_conformance_test(${name}): there are no laws of ${concept}, but of ${all}")
    endif()

    headgate_find_header("headgate_add_conformance_test(${name})" ${header} ${arg_LINK})

    set(laws ${concept})
    if(concept STREQUAL assignment_policy)
        set(laws assignment)
    endif()
    set(check ${check_${concept}})
    set(source ${CMAKE_CURRENT_BINARY_DIR}/conformance.${name}.cpp)
    configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/conformance_test.cpp.in ${source} @ONLY)
    add_executable(conformance.${name} ${source})
    find_package(Threads REQUIRED)
    target_link_libraries(conformance.${name} PRIVATE headgate::headgate ${arg_LINK} Threads::Threads)
    target_include_directories(conformance.${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR})
    add_test(NAME conformance.${name} COMMAND conformance.${name})
endfunction()
