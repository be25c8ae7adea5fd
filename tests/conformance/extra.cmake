target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1>)
