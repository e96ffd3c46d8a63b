// SPDX-License-Identifier: MIT
// Reading rows from plain and gzipped dump files, errors with their line, limits; and the conversion of names.
#include <gtest/gtest.h>

#include <agora/import/names.hpp>
#include <agora/import/xml_rows.hpp>
#include <fstream>
#include <larder/testing/process.hpp>

namespace agora::import {
namespace {

class xml_rows_test : public testing::Test {
 protected:
    std::filesystem::path plain(const std::string& text)
    {
        const auto path = folder_.path() / "Posts.xml";
        std::ofstream{path} << text;
        return path;
    }

    std::filesystem::path zipped(const std::string& text)
    {
        const auto path = folder_.path() / "Posts.xml.gz";
        const gzFile file = gzopen(path.c_str(), "wb");
        gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
        gzclose(file);
        return path;
    }

    static std::string error_of(const std::filesystem::path& file)
    {
        try {
            xml_rows rows{file};
            while (rows.next()) rows.required_number("Id");
        } catch (const import_error& e) {
            return e.what();
        }
        return "";
    }

 private:
    larder::testing::temporary_folder folder_;
};

std::string many_rows(int count)
{
    std::string text = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<posts>\r\n";
    for (int i = 1; i <= count; ++i)
        text += "  <row Id=\"" + std::to_string(i) + "\" Body=\"a&#xA;&lt;b&gt; \xC3\xA4\" />\r\n";
    return text + "</posts>";
}

TEST_F(xml_rows_test, reads_plain_and_zipped_files_alike)
{
    for (const auto& file : {plain(many_rows(5'000)), zipped(many_rows(5'000))}) {
        xml_rows rows{file};
        std::int64_t last = 0;
        while (rows.next()) {
            ASSERT_EQ(rows.required_number("Id"), last + 1);
            ASSERT_EQ(rows.text("Body"), "a\n<b> \xC3\xA4");
            ASSERT_EQ(rows.text("Title"), "");
            ASSERT_FALSE(rows.number("Score").has_value());
            ++last;
        }
        EXPECT_EQ(last, 5'000);
        EXPECT_FALSE(rows.next());
    }
}

TEST_F(xml_rows_test, does_not_keep_attributes_of_the_previous_row)
{
    xml_rows rows{plain("<posts><row Id='1' Title='a'/><row Id='2'/><row Score='-3' Id='3'/></posts>")};
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.text("Title"), "a");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.text("Title"), "");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.required_number("Score"), -3);
    EXPECT_FALSE(rows.next());
}

TEST_F(xml_rows_test, an_empty_list_has_no_rows)
{
    EXPECT_FALSE(xml_rows{plain("<posts></posts>")}.next());
    EXPECT_FALSE(xml_rows{plain("<posts/>")}.next());
}

TEST_F(xml_rows_test, errors_name_file_line_and_reason)
{
    EXPECT_EQ(error_of(plain("<posts>\n<row Id='1'/>\n<row Id='x'/>\n</posts>")),
              "Posts.xml:3: Id=\"x\" is not a number");
    EXPECT_EQ(error_of(plain("<posts>\n<row Id='1'/>\n<row/>\n</posts>")), "Posts.xml:3: a row without Id");
    EXPECT_EQ(error_of(plain("<posts>\n<row Id='1'/>\n<row Id='2'")), "Posts.xml:3: unclosed token");
    EXPECT_EQ(error_of(plain("<posts>\n<row Id='1'/>\n")), "Posts.xml:3: no element found");
    EXPECT_EQ(error_of(plain("<posts>\n<row Id='1' Id='2'/></posts>")), "Posts.xml:2: duplicate attribute");
    EXPECT_EQ(error_of(plain("<posts>\n<line Id='1'/></posts>")), "Posts.xml:2: an element that is not a row");
    EXPECT_EQ(error_of(plain("<posts>\n<row Id='1'><row Id='2'/></row></posts>")),
              "Posts.xml:2: an element that is not a row");
    EXPECT_EQ(error_of(plain("<posts><row Id='\xFF'/></posts>")), "Posts.xml:1: not well-formed (invalid token)");
    EXPECT_EQ(error_of(plain("")), "Posts.xml:1: no element found");
    EXPECT_EQ(error_of("/nowhere/Tags.xml"), "Tags.xml: cannot be opened");
}

TEST_F(xml_rows_test, a_broken_gzip_stream_is_an_error)
{
    const auto file = zipped(many_rows(20'000));
    std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
    EXPECT_NE(error_of(file), "");
}

TEST_F(xml_rows_test, entities_cannot_be_declared)
{
    EXPECT_EQ(error_of(plain("<!DOCTYPE posts [<!ENTITY a \"aaaa\">]>\n<posts><row Id='1'/></posts>")),
              "Posts.xml:1: a document type declaration");
}

TEST_F(xml_rows_test, a_row_that_is_too_large_is_an_error)
{
    const std::string text = "<posts><row Id='1' Body='" + std::string(20 << 20, 'a') + "'/></posts>";
    EXPECT_EQ(error_of(zipped(text)), "Posts.xml.gz:1: a row is larger than 16 MiB");
}

TEST_F(xml_rows_test, dates_may_have_fractions)
{
    xml_rows rows{plain("<posts><row A='1970-01-01T00:00:01.500' B='1970-01-02T00:00:00' C='today'/></posts>")};
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.required_time("A").time_since_epoch().count(), 1500);
    EXPECT_EQ(rows.time("B", {}).time_since_epoch().count(), 86'400'000);
    EXPECT_EQ(rows.time("D", rows.required_time("A")).time_since_epoch().count(), 1500);
    EXPECT_THROW(rows.required_time("C"), import_error);
    EXPECT_THROW(rows.required_time("D"), import_error);
}

TEST(names, a_slug_has_few_characters)
{
    EXPECT_EQ(slug("Kevin Montrose"), "kevin-montrose");
    EXPECT_EQ(slug("  J\xC3\xBCrgen_W. (bike) "), "j-rgen_w.-bike");
    EXPECT_EQ(slug("\xE8\x87\xAA\xE8\xA1\x8C"), "");
    EXPECT_EQ(slug("bicycles.meta"), "bicycles.meta");
}

TEST(names, a_username_keeps_its_suffix)
{
    EXPECT_EQ(username("bob", ""), "bob");
    EXPECT_EQ(username(std::string(40, 'a'), "-12345"), std::string(24, 'a') + "-12345") << "as long as sign-up allows";
}

TEST(names, tags_come_in_two_notations)
{
    const std::vector<std::string> expected{"c++", "race-bikes"};
    EXPECT_EQ(split_tags("<race-bikes><c++>"), expected);
    EXPECT_EQ(split_tags("|race-bikes|c++|"), expected);
    EXPECT_EQ(split_tags("<c++><race-bikes><c++>"), expected);
    EXPECT_TRUE(split_tags("").empty());
}

}  // namespace
}  // namespace agora::import
