# Every third-party library, all from Debian's packages (hack/setup installs them).
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(simdjson REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(CLI11 REQUIRED)
# 1.74.0 in full: with "1.74 EXACT" CMake falls back to FindBoost, whose defaults hide the libraries that
# cpprestsdk asks for.
find_package(Boost 1.74.0 EXACT REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(tl-expected REQUIRED)
