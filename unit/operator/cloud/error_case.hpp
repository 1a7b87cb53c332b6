#pragma once

#include <gtest/gtest.h>

#include <string>

#include "lib/base/error.hpp"

namespace rt::op {

/// An answer of a cloud, and what it is to be read as.
struct ErrorCase {
    char const* says;
    int status;
    std::string body;
    ErrorKind kind;
    std::string code;
    std::string in_message;
};

/// Where `body` has a secret, it says SECRET.
inline void expect_error(ErrorCase const& c, Error const& error) {
    EXPECT_EQ(error.kind, c.kind) << c.says << ": " << error.message;
    EXPECT_EQ(error.code, c.code) << c.says;
    EXPECT_NE(error.message.find(c.in_message), std::string::npos)
        << c.says << ": " << error.message;
    EXPECT_EQ(error.message.find("SECRET"), std::string::npos) << error.message;
}

}  // namespace rt::op
