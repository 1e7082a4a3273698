#include "tools/qiao/completion.h"

#include <CLI/App.hpp>
#include <functional>
#include <vector>

namespace qiao {
namespace {

struct Node {
  std::string path;  // "need post", empty for the program
  std::vector<std::string> words;
};

void walk(const CLI::App& app, const std::string& path, std::vector<Node>& nodes) {
  Node node{path, {}};
  for (const CLI::App* sub : app.get_subcommands(nullptr)) node.words.push_back(sub->get_name());
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) node.words.push_back("--" + name);
  }
  nodes.push_back(std::move(node));
  for (const CLI::App* sub : app.get_subcommands(nullptr))
    walk(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), nodes);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  std::vector<Node> nodes;
  walk(app, "", nodes);
  if (shell == "fish") {
    std::string out = "complete -c qiao -f\n";
    for (const Node& n : nodes) {
      std::string condition = n.path.empty() ? "__fish_use_subcommand" : "";
      for (std::size_t from = 0; from < n.path.size();) {
        const auto to = std::min(n.path.find(' ', from), n.path.size());
        condition += (condition.empty() ? "" : "; and ") +
                     ("__fish_seen_subcommand_from " + n.path.substr(from, to - from));
        from = to + 1;
      }
      out += "complete -c qiao -n '" + condition + "' -a '" + joined(n.words) + "'\n";
    }
    return out;
  }
  if (shell != "bash" && shell != "zsh") return {};
  std::string out = shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
  out +=
      "_qiao() {\n  local path= w\n  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case "
      "\"$w\" in -*) ;; *) path=\"$path${path:+ }$w\" ;; esac\n  done\n  local words=\n  case "
      "\"$path\" in\n";
  // The longest path first; an operand behind a verb still completes its flags.
  std::sort(nodes.begin(), nodes.end(),
            [](const Node& a, const Node& b) { return a.path.size() > b.path.size(); });
  for (const Node& n : nodes) {
    out += n.path.empty() ? "    *)" : "    \"" + n.path + "\"|\"" + n.path + " \"*)";
    out += " words=\"" + joined(n.words) + "\" ;;\n";
  }
  out +=
      "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- "
      "\"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _qiao qiao\n";
  return out;
}

}  // namespace qiao
