/* SPDX-License-Identifier: MIT
 *
 * Names in the room that there is: fit.c.
 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../report/base/glyph.h"
#include "../../report/base/text.h"
#include "../../report/show/fit.h"

static void fits(const char *text, size_t columns, const char *wanted)
{
    glyph_charset("UTF-8");
    char *got = fit_name(text, columns);
    cr_expect_str_eq(got, wanted, "in %zu columns got '%s', wanted '%s'", columns, got, wanted);
    cr_expect_leq(text_width(got, strlen(got)), columns);
    free(got);
}

#define DEEP                                                                                       \
    "std::map<std::pair<int, std::string>, std::vector<long, std::allocator<long>>>::insert(int "  \
    "const&)"

Test(names, arguments_of_templates_go_first)
{
    fits(DEEP, SIZE_MAX, DEEP);
    fits(DEEP, strlen(DEEP), DEEP);
    fits(DEEP, 95,
         "std::map<std::pair<int, std::string>, std::vector<long, std::allocator<…>>>::insert(int "
         "const&)");
    fits(DEEP, 66, "std::map<std::pair<…>, std::vector<…>>::insert(int const&)");
    fits(DEEP, 40, "std::map<…>::insert(int const&)");
    fits(DEEP, 28, "std::map<…>::insert(…)");
}

Test(names, then_folders_and_scopes)
{
    fits("a.cc:12  company::product::module::Class<int, long>::method(int)", 40,
         "a.cc:12  …::method(int)");
    fits("/home/someone/project/source/a.cc: ns::f(int)", 24, "…/a.cc: ns::f(int)");
    fits("company::product::Class<int, long>::method(int)  in libproduct.so.1", 36,
         "…::method(int)  in libproduct.so.1");
}

Test(names, the_method_and_the_module_stay)
{
    char text[400], wanted[64];
    memset(text, 'x', 300);
    strcpy(text + 300, "  in lib.so");
    snprintf(wanted, sizeof wanted, "%.28s…  in lib.so", text);
    fits(text, 40, wanted);
}

Test(names, of_python_have_no_lists)
{
    fits("a.py:12  main.<locals>.<listcomp>", 33, "a.py:12  main.<locals>.<listcomp>");
    fits("folder/a.py:12  main.<locals>.<listcomp>", 35, "…/a.py:12  main.<locals>.<listcomp>");
}

Test(names, operators_are_no_lists)
{
    fits("ns::operator<<(std::ostream&, Value const&)", 30, "ns::operator<<(…)");
    fits("Table<int, std::string>::operator<(Table const&) const", 34,
         "Table<…>::operator<(…) const");
    fits("Table<int, std::string>::operator->() const", 30, "Table<…>::operator->() const");
    fits("Table<int, std::string>::operator()(int, int)", 34, "Table<…>::operator()(int, int)");
    fits("(anonymous namespace)::work(std::vector<int>&, unsigned long)", 50,
         "(anonymous namespace)::work(…)");
}

Test(names, of_other_languages)
{
    fits("<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop  in app", 30, "<…>::drop  in app");
    fits("prog.py:1  <module>", 19, "prog.py:1  <module>");
    fits("<frozen os>:12  walk.<locals>.<listcomp>", 27, "<frozen os>:12  walk.<loca…");
}
