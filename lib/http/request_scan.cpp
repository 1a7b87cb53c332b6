#include "lib/http/request_scan.hpp"

namespace rt::http {

HeadScanner::Verdict HeadScanner::scan(std::string_view head) {
    while (true) {
        auto const feed = head.find('\n', scanned_);
        if (feed == std::string_view::npos) {
            scanned_ = head.size();
            return Verdict::NeedMore;
        }
        scanned_ = feed + 1;
        std::string_view const line = head.substr(line_start_, feed - line_start_);
        bool const bare_line_feed = line.empty() || line.back() != '\r';
        bool const first_line = line_start_ == 0;
        bool const folded = !line.empty() && (line.front() == ' ' || line.front() == '\t');
        if (bare_line_feed || folded || (first_line && line.size() == 1)) {
            return Verdict::Malformed;
        }
        line_start_ = feed + 1;
        if (line.size() == 1) {
            head_bytes_ = feed + 1;
            return Verdict::Complete;
        }
    }
}

}  // namespace rt::http
