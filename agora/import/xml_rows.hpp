// SPDX-License-Identifier: MIT
// Reads the files of a Stack Exchange dump: one root element that contains `<row a="..." b="..." />` elements, plain or
// gzipped. next() steps to a row, and the accessors read it. Memory use is one row and a buffer of 64 KiB, regardless
// of the file's size. Any defect of the file is thrown as an import_error that names the line. Not thread-safe. Reads
// about 100 MB/s.
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

/// A dump cannot be imported. `what()` reads like `Posts.xml:12: Id="x" is not a number`.
class import_error : public std::runtime_error {
 public:
    /// `line` is 0 when the error concerns the whole file.
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

    /// Steps to the next row. Returns false at the end of the file.
    bool next();

    // The attributes of the current row. Views are valid until the next call of next(). A value that cannot be parsed,
    // or a required attribute that is absent, throws import_error.

    std::string_view text(std::string_view attribute) const noexcept;  ///< empty when absent
    std::optional<std::int64_t> number(std::string_view attribute) const;
    std::int64_t required_number(std::string_view attribute) const;
    larder::timestamp required_time(std::string_view attribute) const;
    /// Returns `otherwise` when the attribute is absent.
    larder::timestamp time(std::string_view attribute, larder::timestamp otherwise) const;

    /// How much of the file has been read, from 0 to 1.
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
    void store_attributes(const XML_Char** attributes);
    bool is_suspended() const;
    XML_Status read_more();

    std::string name_;
    std::uintmax_t size_ = 0;  ///< size of the file on disk, which may be compressed
    std::unique_ptr<gzFile_s, closer> file_;
    std::unique_ptr<XML_ParserStruct, closer> parser_;
    /// The first count_ elements belong to the current row. The others are kept for their capacity.
    std::vector<std::pair<std::string, std::string>> attributes_;
    std::size_t count_ = 0;
    std::size_t unparsed_ = 0;  ///< bytes read since the last element
    int depth_ = 0;
    bool has_row_ = false;
    bool at_end_ = false;
    const char* refusal_ = nullptr;
};

}  // namespace agora::import
