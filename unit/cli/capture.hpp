#pragma once

#include <cstdio>
#include <string>

namespace rt::cli::testing {

/// A stream in memory (or rather a temporary file) that a test fills or reads.
class Stream {
  public:
    explicit Stream(std::string const& content = "") : file_(std::tmpfile()) {
        std::fwrite(content.data(), 1, content.size(), file_);
        std::rewind(file_);
    }
    Stream(Stream const&) = delete;
    Stream& operator=(Stream const&) = delete;
    ~Stream() { std::fclose(file_); }

    [[nodiscard]] std::FILE* get() const { return file_; }

    /// Everything written so far.
    [[nodiscard]] std::string text() const {
        std::fflush(file_);
        std::rewind(file_);
        std::string out;
        char chunk[4096];
        for (std::size_t count = 0; (count = std::fread(chunk, 1, sizeof(chunk), file_)) != 0;) {
            out.append(chunk, count);
        }
        return out;
    }

  private:
    std::FILE* file_;
};

}  // namespace rt::cli::testing
