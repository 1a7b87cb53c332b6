# Compiler and linker options for our own targets. Third-party headers are SYSTEM and see none of the warnings.

find_program(RT_CCACHE ccache)
if(RT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${RT_CCACHE})
endif()

add_library(rt_options INTERFACE)
add_library(rt::options ALIAS rt_options)
target_compile_options(rt_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
    -Wold-style-cast -Wimplicit-fallthrough -Wformat=2 -Werror=format-security
    -fstack-protector-strong)
if(RT_WARNINGS_AS_ERRORS)
    target_compile_options(rt_options INTERFACE -Werror)
endif()
target_include_directories(rt_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(rt_options INTERFACE
    RT_VERSION="${PROJECT_VERSION}" $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

if(RT_SANITIZE)
    add_compile_options(-fsanitize=${RT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${RT_SANITIZE})
    if(RT_SANITIZE MATCHES thread)
        # GCC warns that TSan does not model atomic_thread_fence, which Asio uses.
        add_compile_options(-Wno-tsan)
    endif()
endif()

if(RT_FUZZ)
    # Coverage of all our code guides libFuzzer, not only of the targets themselves.
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
    # The hardening that the OpenSSF compiler guide asks of production builds, as far as GCC 12 has it.
    target_compile_options(rt_options INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-clash-protection
        -fcf-protection=full -ftrivial-auto-var-init=zero -fno-delete-null-pointer-checks
        -fno-strict-overflow -fno-strict-aliasing)
    add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
endif()

find_program(RT_MOLD mold)
if(RT_MOLD)
    add_link_options(-fuse-ld=mold)
endif()
