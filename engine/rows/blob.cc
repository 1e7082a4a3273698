#include "engine/rows/blob.h"

namespace qiao {

void Blob::free(char* data) {
  if ((read(data) & kInBatch) == 0) {
    delete[] data;
  } else {
    let_go(data - read(data - sizeof(Word)));
  }
}

void Blob::let_go(char* batch) {
  const Word holders = read(batch) - 1;
  if (holders == 0) {
    delete[] batch;
  } else {
    write(batch, holders);
  }
}

}  // namespace qiao
