#pragma once

#include <string>

namespace CLI {
class App;
}

namespace qiao {

// A completion script for bash, zsh or fish, generated from the program's own commands and flags.
// Empty for another shell.
std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace qiao
