# millrace_service(NAME MODEL <folder of botocore's data> STRUCT <C++ struct> DEPENDS <module>...)
#
# A service module: generates api/<NAME>.h, its tables and its dispatch from AWS's model, the
# overlay and the folder's operations.list, and builds them with the folder's *.cc as the module
# services_<NAME>. Operations may stand in sub-folders, one per resource.

set(MILLRACE_MODELS ${CMAKE_SOURCE_DIR}/.deps/models CACHE PATH "botocore's data folder")
find_program(PYTHON3 NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)

function(millrace_service name)
  cmake_parse_arguments(ARG "" "MODEL;STRUCT" "DEPENDS;THIRD_PARTY" ${ARGN})
  file(GLOB model ${MILLRACE_MODELS}/${ARG_MODEL}/service-2.json*)
  if(NOT model)
    message(FATAL_ERROR
            "service ${name}: no model in ${MILLRACE_MODELS}/${ARG_MODEL}; run ./dev setup")
  endif()
  set(overlay ${CMAKE_SOURCE_DIR}/models/overlay/${name}.json)
  set(overlay_dependency "")
  if(EXISTS ${overlay})
    set(overlay_dependency ${overlay})
  endif()
  set(api ${CMAKE_BINARY_DIR}/generated/api)
  set(generated ${api}/${name}.h ${api}/${name}_tables.cc ${api}/${name}_dispatch.cc)
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/tools/generate.py
            --service ${name} --struct ${ARG_STRUCT} --model ${model} --overlay ${overlay}
            --operations ${CMAKE_CURRENT_SOURCE_DIR}/operations.list
            --out ${CMAKE_BINARY_DIR}/generated
    COMMAND ${CMAKE_COMMAND} -E touch ${generated}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/generate.py ${overlay_dependency}
            ${CMAKE_CURRENT_SOURCE_DIR}/operations.list ${model}
    COMMENT "Generating ${name} from AWS's model")
  add_custom_target(generate_${name} DEPENDS ${generated})
  millrace_module(services_${name} RECURSE LAYER services
    DEPENDS ${ARG_DEPENDS} wire_pipeline wire_http wire_model store runtime base
    THIRD_PARTY ${ARG_THIRD_PARTY} fmt::fmt
    GENERATED ${generated})
  add_dependencies(services_${name} generate_${name})
endfunction()
