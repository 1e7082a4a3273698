// qiaod: the server.
#include <CLI/CLI.hpp>

#include "server/app/daemon.h"

int main(int argc, char** argv) {
  CLI::App app{
      "qiaod: the Qiao server. Options are taken from the command line, then the environment, "
      "then the file."};
  qiao::Config config;
  qiao::declare(app, config);
  CLI11_PARSE(app, argc, argv);
  return qiao::serve_until_stopped(std::move(config));
}
