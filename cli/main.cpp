#include <cstdio>
#include <string>
#include <vector>

#include "cli/command_line.hpp"

int main(int argc, char** argv) {
    std::vector<std::string> const arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return rt::cli::run(arguments, stdin, stdout, stderr);
}
