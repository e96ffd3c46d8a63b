// SPDX-License-Identifier: MIT
// Expat calls a callback for every element, but the importer reads one row at a time. So the parser is suspended at
// each row, and next() resumes it.
#include <agora/import/xml_rows.hpp>
#include <algorithm>
#include <charconv>
#include <larder/rfc3339.hpp>

namespace agora::import {

namespace {

constexpr int buffer_size = 64 << 10;
constexpr std::size_t max_row = 16 << 20;

std::string with_position(const std::string& file, std::uint64_t line, const std::string& reason)
{
    return file + (line > 0 ? ":" + std::to_string(line) : "") + ": " + reason;
}

std::string quoted(std::string_view attribute, std::string_view value)
{
    return std::string{attribute} + "=\"" + std::string{value.substr(0, 100)} + "\"";
}

}  // namespace

import_error::import_error(const std::string& file, std::uint64_t line, const std::string& reason)
    : std::runtime_error{with_position(file, line, reason)}, file_{file}, line_{line}
{}

xml_rows::xml_rows(const std::filesystem::path& file)
    : name_{file.filename()}, file_{gzopen(file.c_str(), "rb")}, parser_{XML_ParserCreate(nullptr)}
{
    std::error_code ec;
    size_ = std::filesystem::file_size(file, ec);
    if (!file_ || ec) throw import_error{name_, 0, "cannot be opened"};
    gzbuffer(file_.get(), buffer_size);
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), on_start, on_end);
    XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
}

bool xml_rows::next()
{
    has_row_ = false;
    while (!has_row_) {
        const bool suspended = is_suspended();
        if (!suspended && at_end_) return false;
        const XML_Status status = suspended ? XML_ResumeParser(parser_.get()) : read_more();
        if (refusal_ != nullptr) fail(refusal_);
        if (status == XML_STATUS_ERROR) fail(XML_ErrorString(XML_GetErrorCode(parser_.get())));
        if (unparsed_ > max_row) fail("a row is larger than 16 MiB");
    }
    return true;
}

std::string_view xml_rows::text(std::string_view attribute) const noexcept
{
    for (std::size_t i = 0; i < count_; ++i) {
        if (attributes_[i].first == attribute) return attributes_[i].second;
    }
    return {};
}

std::optional<std::int64_t> xml_rows::number(std::string_view attribute) const
{
    const std::string_view value = text(attribute);
    if (value.empty()) return std::nullopt;
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (error != std::errc{} || end != value.data() + value.size()) fail(quoted(attribute, value) + " is not a number");
    return n;
}

std::int64_t xml_rows::required_number(std::string_view attribute) const
{
    const auto n = number(attribute);
    if (!n) fail("a row without " + std::string{attribute});
    return *n;
}

larder::timestamp xml_rows::required_time(std::string_view attribute) const
{
    if (text(attribute).empty()) fail("a row without " + std::string{attribute});
    return time(attribute, {});
}

larder::timestamp xml_rows::time(std::string_view attribute, larder::timestamp otherwise) const
{
    const std::string_view value = text(attribute);
    if (value.empty()) return otherwise;
    const auto t = larder::parse_rfc3339(value);
    if (!t) fail(quoted(attribute, value) + " is not a date");
    return *t;
}

double xml_rows::fraction() const noexcept
{
    return size_ == 0 ? 1 : static_cast<double>(gzoffset(file_.get())) / static_cast<double>(size_);
}

void xml_rows::fail(const std::string& reason) const
{
    throw import_error{name_, XML_GetCurrentLineNumber(parser_.get()), reason};
}

void xml_rows::on_start(void* self, const XML_Char* name, const XML_Char** attributes)
{
    auto& rows = *static_cast<xml_rows*>(self);
    rows.unparsed_ = 0;
    if (++rows.depth_ == 1) return;
    if (rows.depth_ > 2 || std::string_view{name} != "row") return rows.refuse("an element that is not a row");
    rows.store_attributes(attributes);
    rows.has_row_ = true;
    XML_StopParser(rows.parser_.get(), XML_TRUE);
}

void xml_rows::on_end(void* self, const XML_Char*) { --static_cast<xml_rows*>(self)->depth_; }

/// Rejects document type declarations: no dump has one, and entities can make a small file expand to a huge one.
void xml_rows::on_doctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int)
{
    static_cast<xml_rows*>(self)->refuse("a document type declaration");
}

void xml_rows::refuse(const char* reason)
{
    refusal_ = reason;
    XML_StopParser(parser_.get(), XML_FALSE);
}

void xml_rows::store_attributes(const XML_Char** attributes)
{
    count_ = 0;
    for (; attributes[0] != nullptr; attributes += 2) {
        if (count_ == attributes_.size()) attributes_.emplace_back();
        attributes_[count_].first = attributes[0];
        attributes_[count_].second = attributes[1];
        ++count_;
    }
}

bool xml_rows::is_suspended() const
{
    XML_ParsingStatus status;
    XML_GetParsingStatus(parser_.get(), &status);
    return status.parsing == XML_SUSPENDED;
}

XML_Status xml_rows::read_more()
{
    void* const buffer = XML_GetBuffer(parser_.get(), buffer_size);
    if (buffer == nullptr) throw std::bad_alloc{};
    const int size = gzread(file_.get(), buffer, buffer_size);
    if (size < 0) fail("the gzip stream is broken");
    at_end_ = size == 0;
    unparsed_ += static_cast<std::size_t>(size);
    return XML_ParseBuffer(parser_.get(), size, at_end_);
}

}  // namespace agora::import
