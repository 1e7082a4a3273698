#include "tools/qiao/transfer.h"

#include <fstream>
#include <iostream>

#include "proto/json/json.h"
#include "proto/text/csv.h"
#include "proto/text/encoding.h"
#include "tools/qiao/resources.h"

namespace qiao {

using google::protobuf::Message;

int export_list(Session& session, const ExportOptions& options) {
  const Sheet& sheet = *find_sheet(options.what);
  const auto context = make_context(session);
  if (!context) return session.fail(context.error());
  const bool lines =
      options.format.empty() ? is_json_lines(options.file) : options.format == "jsonl";
  std::string out;
  std::vector<std::string> header;
  for (const SheetColumn& c : sheet.columns()) {
    if (c.is_written()) header.emplace_back(session.say(c.zh, c.en));
  }
  if (!lines) out += csv_line(header);
  std::size_t count = 0;
  const Status all = each_resource(session, sheet, [&](const Message& m) {
    ++count;
    if (lines) {
      append_json(m, out);
      out += '\n';
      return;
    }
    for (Cells& row : sheet.write(m, context.value())) {
      // The rows of one thing share it; it differs from the id, which another database assigns.
      row["key"] = std::to_string(count);
      std::vector<std::string> fields;
      for (const SheetColumn& c : sheet.columns()) {
        if (c.is_written()) fields.push_back(protect_cell(row[c.en]));
      }
      out += csv_line(fields);
    }
  });
  if (!all) return session.fail(all.error());
  if (!lines && options.encoding == "gb18030") out = to_gb18030(out);
  if (!lines && options.encoding == "utf8-bom") out.insert(0, kByteOrderMark);
  if (options.file == "-") {
    if (!(std::cout << out << std::flush)) return kNotWritten;
  } else {
    std::ofstream file(options.file, std::ios::binary);
    file << out;
    file.close();
    if (!file) {
      std::cerr << "qiao: " << options.file << ": " << session.say("无法写入", "cannot be written")
                << "\n";
      return kNotWritten;
    }
  }
  std::cerr << count << " " << options.what << session.say(" 已导出\n", " exported\n");
  return kDone;
}

}  // namespace qiao
