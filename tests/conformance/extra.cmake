# 135,000 plans for each policy run for long; everything else here is over at once, and dear to optimize.
set_source_files_properties(${folder}/assignment.test.cpp PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Debug>:-O1>)
set_tests_properties(${test} PROPERTIES TIMEOUT 900)
