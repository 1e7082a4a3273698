// The taxonomy.
#include "server/api/render.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

Result<HandlerResult> get_taxonomy(const Services& services, const Call&) {
  return row_result(pb::Taxonomy(services.state().taxonomy()));
}

Result<pb::Request> put_taxonomy(const Call&, const Message* body) {
  pb::Request c;
  *c.mutable_put_taxonomy() = static_cast<const pb::Taxonomy&>(*body);
  return c;
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/taxonomy",
     .id = "getTaxonomy",
     .summary = "The taxonomy of the city.",
     .tag = "city",
     .response = pb::Taxonomy::descriptor,
     .read = get_taxonomy},
    {.method = "PUT",
     .pattern = "/v1/taxonomy",
     .id = "putTaxonomy",
     .summary = "Changes or extends the taxonomy (lead).",
     .tag = "city",
     .request = pb::Taxonomy::descriptor,
     .response = pb::Taxonomy::descriptor,
     .command = put_taxonomy},
};

}  // namespace

std::span<const Route> taxonomy_routes() { return kRoutes; }

}  // namespace qiao
