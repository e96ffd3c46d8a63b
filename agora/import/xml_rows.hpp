// SPDX-License-Identifier: MIT
// Reads the files of a Stack Exchange dump: one root element that holds `<row a="..." b="..." />` elements, plain or
// gzipped. A cursor: next() steps to a row, the accessors read it. Memory is one row and a buffer of 64 KiB, whatever
// the file's size. Everything wrong with the file is thrown as an import_error that names the line.
// Not thread-safe. About 100 MB/s.
#pragma once

#include <expat.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <larder/clock.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agora::import {

/// A dump that cannot be imported. `what()` reads `Posts.xml:12: Id="x" is not a number`.
class import_error : public std::runtime_error {
 public:
    /// `line` 0: the error is about the whole file.
    import_error(const std::string& file, std::uint64_t line, const std::string& reason);
    const std::string& file() const noexcept { return file_; }
    std::uint64_t line() const noexcept { return line_; }

 private:
    std::string file_;
    std::uint64_t line_;
};

class xml_rows {
 public:
    /// Throws import_error when the file cannot be opened.
    explicit xml_rows(const std::filesystem::path& file);
    xml_rows(const xml_rows&) = delete;
    xml_rows& operator=(const xml_rows&) = delete;

    /// Steps to the next row. False at the end of the file.
    bool next();

    // The current row. Views live until next().

    std::string_view text(std::string_view attribute) const noexcept;  ///< empty when absent
    std::optional<std::int64_t> number(std::string_view attribute) const;
    std::int64_t required_number(std::string_view attribute) const;
    larder::timestamp required_time(std::string_view attribute) const;
    /// Absent means `otherwise`.
    larder::timestamp time(std::string_view attribute, larder::timestamp otherwise) const;

    /// How much of the file is read, 0 to 1.
    double fraction() const noexcept;

    /// Throws an import_error about the current row.
    [[noreturn]] void fail(const std::string& reason) const;

 private:
    struct closer {
        void operator()(XML_Parser p) const { XML_ParserFree(p); }
        void operator()(gzFile f) const { gzclose(f); }
    };

    static void XMLCALL on_start(void* self, const XML_Char* name, const XML_Char** attributes);
    static void XMLCALL on_end(void* self, const XML_Char* name);
    static void XMLCALL on_doctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int);
    void refuse(const char* reason);
    void keep(const XML_Char** attributes);
    bool is_suspended() const;
    XML_Status read_more();

    std::string name_;
    std::uintmax_t size_ = 0;  ///< of the file, as compressed as it is
    std::unique_ptr<gzFile_s, closer> file_;
    std::unique_ptr<XML_ParserStruct, closer> parser_;
    std::vector<std::pair<std::string, std::string>>
        attributes_;  ///< the first count_ are the row's; all keep capacity
    std::size_t count_ = 0;
    std::size_t unparsed_ = 0;  ///< bytes read since the last element
    int depth_ = 0;
    bool has_row_ = false;
    bool at_end_ = false;
    const char* refusal_ = nullptr;
};

}  // namespace agora::import
