// The options of qiaod: on the command line, in the environment, in a file; in this order of
// precedence.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "server/access/gate.h"
#include "server/http/server.h"

namespace qiao {

struct Config {
  std::string data = "qiao-data";
  std::string taxonomy;
  std::string policy;
  std::string load;
  std::string backups;
  std::string key;
  std::string public_url;
  std::string web;
  std::string map_tiles;
  bool demo = false;
  bool accept_loss = false;
  bool plain_http = false;
  double session_hours = 168;
  GateOptions gate;
  ServerOptions server;
  FeedOptions feed;
  bool background = true;
  int timeout = 30;
  int drain = 10;
  int slow = 10;
};

// Declares the options, each with its help, its range and its environment variable.
void declare(CLI::App& app, Config& config);

}  // namespace qiao
