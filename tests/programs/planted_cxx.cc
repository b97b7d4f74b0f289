// SPDX-License-Identifier: MIT
#include "planted.h"

#include <dlfcn.h>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Answer {
    char text[100];
};
struct Entry {
    int key;
    char text[84];
};
struct Row {
    long values[3];
};

static std::map<int, Entry *> cache; // given back by its destructor; what it points to is not
static std::vector<Row> *rows;
static std::size_t forgot_request, forgot_cache, forgot_plugin;
static Answer *volatile last;

static void request()
{
    last = new Answer; // PLANTED request
    std::string page(3000, 'x');
    forgot_request += sizeof(Answer) + page.empty();
}

template <class Key> static Entry *cached(Key key)
{
    auto found = cache.find(key);
    if (found != cache.end())
        return found->second;
    Entry *made = new Entry{key, ""}; // PLANTED cache
    forgot_cache += sizeof *made;
    return cache[key] = made;
}

static void add_row(long value)
{
    if (!rows)
        rows = new std::vector<Row>;          // PLANTED holder
    rows->push_back({{value, value, value}}); // PLANTED list
}

static void call_plugin(const char *file)
{
    void *plugin = dlopen(file, RTLD_NOW);
    auto work = reinterpret_cast<std::size_t (*)()>(dlsym(plugin, "plugin_work"));
    for (int i = 0; i < CALLS; i++)
        forgot_plugin += work();
    dlclose(plugin);
}

// What the runtime keeps for itself.
static void use_runtime()
{
    std::thread([] { std::vector<int> some(1000); }).join();
    std::ofstream("/dev/null") << 1.5 << std::endl;
    try {
        throw std::runtime_error("a text that is too long for the string itself");
    } catch (const std::exception &e) {
        std::cout << e.what() << std::endl;
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    use_runtime();
    for (int i = 0; i < REQUESTS; i++)
        request();
    for (int i = 0; i < 2 * KEYS; i++)
        cached(i % KEYS);
    for (int i = 0; i < ROWS; i++)
        add_row(i);
    call_plugin(argv[1]);
    std::cout << "PLANTED request " << forgot_request << "\nPLANTED cache " << forgot_cache
              << "\nPLANTED holder " << sizeof *rows << "\nPLANTED list "
              << rows->capacity() * sizeof(Row) << "\nPLANTED plugin " << forgot_plugin
              << std::endl;
    return 0;
}
