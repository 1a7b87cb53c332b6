#include "lib/base/digest.hpp"

#include <gtest/gtest.h>

#include "lib/base/random.hpp"

namespace rt {
namespace {

// FIPS 180-2, appendix B.
TEST(Sha256Test, meets_the_published_vectors) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// RFC 4231, sections 4.2 to 4.4 and 4.7.
TEST(HmacSha256, meets_the_published_vectors) {
    EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
              "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                              "Test Using Larger Than Block-Size Key - Hash Key First")),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(hex(hmac_sha256("", "")),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hex, writes_two_digits_a_byte) {
    EXPECT_EQ(hex(std::string_view("\x00\x7f\x80\xff", 4)), "007f80ff");
    EXPECT_EQ(hex(std::string_view()), "");
}

// RFC 4648, section 10.
TEST(Base64, meets_the_published_vectors_both_ways) {
    struct Case {
        std::string_view data;
        std::string_view text;
    };
    Case const cases[] = {{"", ""},
                          {"f", "Zg=="},
                          {"fo", "Zm8="},
                          {"foo", "Zm9v"},
                          {"foob", "Zm9vYg=="},
                          {"fooba", "Zm9vYmE="},
                          {"foobar", "Zm9vYmFy"},
                          {std::string_view("\x00\xff\xfe", 3), "AP/+"}};
    for (Case const& c : cases) {
        EXPECT_EQ(base64_encode(c.data), c.text);
        auto const decoded = base64_decode(c.text);
        ASSERT_TRUE(decoded) << c.text;
        EXPECT_EQ(*decoded, c.data) << c.text;
    }
}

TEST(Base64, refuses_what_is_not_padded_base64) {
    for (std::string_view const text :
         {"Z", "Zg", "Zg=", "Zg===", "=", "==", "====", "Z===", "Zg==Zg==", "=Zg=", "Zm9v\n",
          "Zm9 ", "Zm-_", "Zm9v====", "Zm\x80v"}) {
        auto const decoded = base64_decode(text);
        ASSERT_FALSE(decoded) << text;
        EXPECT_EQ(decoded.error().message.find("Zm"), std::string::npos)
            << "credentials travel in base64; errors must not quote it";
    }
}

TEST(Base64, round_trips_every_length) {
    std::string data;
    for (int size = 0; size < 300; ++size) {
        auto const decoded = base64_decode(base64_encode(data));
        ASSERT_TRUE(decoded);
        EXPECT_EQ(*decoded, data);
        data.push_back(static_cast<char>(size * 7));
    }
}

TEST(SystemRandom, is_in_range_and_of_the_asked_length) {
    Random& random = system_random();
    double low = 1.0;
    double high = 0.0;
    for (int count = 0; count < 1000; ++count) {
        double const value = random.uniform();
        ASSERT_GE(value, 0.0);
        ASSERT_LT(value, 1.0);
        low = std::min(low, value);
        high = std::max(high, value);
    }
    EXPECT_LT(low, 0.2);
    EXPECT_GT(high, 0.8);
    EXPECT_EQ(random.hex(16).size(), 32U);
    EXPECT_NE(random.hex(16), random.hex(16));
    EXPECT_EQ(random.hex(0), "");
}

}  // namespace
}  // namespace rt
