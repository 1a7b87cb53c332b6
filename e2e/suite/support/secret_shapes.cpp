#include "e2e/suite/support/secret_shapes.hpp"

#include <regex>

namespace e2e {
namespace {

struct Shape {
    std::string name;
    std::regex pattern;
};

std::vector<Shape> const& shapes() {
    static std::vector<Shape> const all = {
        {"password of Alibaba's registry", std::regex("eyJpbnN0YW5jZUlkIjoi")},
        {"auth of a docker config for Alibaba", std::regex("Y3JfdGVtcF91c2Vy")},
        {"user and password", std::regex("cr_temp_user:[A-Za-z0-9+/]")},
        {"security token of Alibaba", std::regex("CAIS[A-Za-z0-9+/=]{40}")},
        {"session token of AWS", std::regex("FwoGZXIvYXdz[A-Za-z0-9+/=]{40}")},
        {"password of ECR", std::regex("eyJwYXlsb2FkIjoi")},
        {"auth of a docker config for ECR", std::regex("QVdTOmV5SndZWGxz")},
        {"bearer token", std::regex("eyJ(hbGci|0eXAi)Oi")},
        {"Google access token", std::regex("ya29\\.[a-z]")},
        {"auth of a docker config for Google", std::regex("b2F1dGgyYWNjZXNzdG9rZW46")},
        {"login with an Azure token", std::regex("00000000-0000-0000-0000-000000000000:ey")},
        {"auth of a docker config for Azure",
         std::regex("MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwOm")},
        {"password of an Azure registry's token",
         std::regex("[A-Za-z0-9]{42}\\+ACRA[A-Za-z0-9]{5}")},
        {"auth of a docker config for an Azure registry's token",
         std::regex("cnQt[A-Za-z0-9+/]{60}")},
        {"signature", std::regex("SignedHeaders=")},
        {"private key", std::regex("BEGIN [A-Z ]*PRIVATE KEY")},
        {"fixed secret or password", std::regex("simulated-(aws-)?(secret|password)-of")},
        {"auth of a docker config with a fixed password",
         std::regex("cHVsbGVyQDExNDY3MTY2NjczNjQ4ODg6")},
        {"robot's secret", std::regex("RobotSecret0[A-Za-z0-9]{8}")},
        {"auth of a robot", std::regex("cm9ib3QkcnQu[A-Za-z0-9+/]{20}")},
        {"docker config", std::regex("\"auths\\\\?\" *: *\\{")},
        {"docker config in base64", std::regex("eyJhdXRocyI6")},
    };
    return all;
}

}  // namespace

std::vector<std::string> secrets_in(std::string const& text) {
    std::vector<std::string> found;
    for (Shape const& shape : shapes()) {
        if (std::regex_search(text, shape.pattern)) {
            found.push_back(shape.name);
        }
    }
    return found;
}

std::string describe_secrets_in(std::string const& text) {
    std::string out;
    for (Shape const& shape : shapes()) {
        std::smatch match;
        if (std::regex_search(text, match, shape.pattern)) {
            out += "what looks like a " + shape.name + ", at byte " +
                   std::to_string(match.position(0)) + " of " + std::to_string(text.size()) + "; ";
        }
    }
    return out;
}

}  // namespace e2e
