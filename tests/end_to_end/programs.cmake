# Each file in scenarios/ is a test. Included by examples/, whose programs they run.
file(GLOB scenarios CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_LIST_DIR}/scenarios ${CMAKE_CURRENT_LIST_DIR}/scenarios/*)
# What tells a scenario the secrets that a controller draws. No sanitizer in it: it is loaded before theirs.
add_library(end_to_end.drawn MODULE ${CMAKE_CURRENT_LIST_DIR}/drawn.cpp)
target_link_libraries(end_to_end.drawn PRIVATE ${CMAKE_DL_LIBS})
target_compile_options(end_to_end.drawn PRIVATE -fno-sanitize=all)
target_link_options(end_to_end.drawn PRIVATE -fno-sanitize=all)
foreach(scenario IN LISTS scenarios)
    headgate_add_test(end_to_end.${scenario}
                      COMMAND ${CMAKE_CURRENT_LIST_DIR}/programs ${scenario} $<TARGET_FILE:headgate-controller>
                              $<TARGET_FILE:headgate-worker> $<TARGET_FILE:headgate-job>
                              $<TARGET_FILE:end_to_end.drawn>)
endforeach()
