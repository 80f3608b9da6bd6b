/* Counts the glucose of an Apple Health export with expat, to be compared with: as many records, metadata entries and the
 * sum of the values as the bench's own reader finds. Prints "records metadata sum milliseconds". */
#include <expat.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct counts {
  long records, metadata;
  double sum;
  int inside;
};

static void started(void *data, const XML_Char *name, const XML_Char **attributes) {
  struct counts *counts = data;
  if (strcmp(name, "Record") == 0) {
    const char *value = NULL;
    int wanted = 0;
    for (; *attributes != NULL; attributes += 2) {
      if (strcmp(attributes[0], "type") == 0)
        wanted = strcmp(attributes[1], "HKQuantityTypeIdentifierBloodGlucose") == 0;
      else if (strcmp(attributes[0], "value") == 0)
        value = attributes[1];
    }
    counts->inside = wanted;
    if (wanted && value != NULL) {
      counts->records++;
      counts->sum += strtod(value, NULL);
    }
  } else if (counts->inside && strcmp(name, "MetadataEntry") == 0) {
    counts->metadata++;
  }
}

static void ended(void *data, const XML_Char *name) {
  struct counts *counts = data;
  if (strcmp(name, "Record") == 0) counts->inside = 0;
}

int main(int argc, char **argv) {
  struct counts counts = {0, 0, 0, 0};
  struct timespec from, to;
  static char bytes[1 << 20];
  ssize_t got;
  int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  XML_Parser parser = XML_ParserCreate(NULL);
  if (file == -1 || parser == NULL) return 2;
  XML_SetUserData(parser, &counts);
  XML_SetElementHandler(parser, started, ended);
  clock_gettime(CLOCK_MONOTONIC, &from);
  while ((got = read(file, bytes, sizeof bytes)) >= 0) {
    if (XML_Parse(parser, bytes, (int)got, got == 0) == XML_STATUS_ERROR) {
      fprintf(stderr, "%s\n", XML_ErrorString(XML_GetErrorCode(parser)));
      return 1;
    }
    if (got == 0) break;
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("%ld %ld %.0f %.3f\n", counts.records, counts.metadata, counts.sum,
         (to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6);
  return got < 0;
}
