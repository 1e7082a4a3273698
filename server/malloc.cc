// jemalloc instead of the C library's allocator, as RocksDB's authors advise: a market is millions
// of small blocks. With huge pages: rows are looked at in no order, and a restart touches a
// gigabyte for the first time (`tools/bench restart ranking`; twice as fast here).
extern "C" {
const char* malloc_conf = "thp:always";
}
