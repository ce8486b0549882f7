#include <mpi.h>

// What Swift cannot import of MPI: it defines these as macros.

static inline MPI_Comm mpi_world(void) { return MPI_COMM_WORLD; }
// Says that what a process sends lies where it is to be received.
static inline void *mpi_in_place(void) { return MPI_IN_PLACE; }
static inline MPI_Datatype mpi_byte(void) { return MPI_BYTE; }
static inline MPI_Datatype mpi_double(void) { return MPI_DOUBLE; }

// Starts MPI for calls from one thread at a time. Returns whether it allows that.
static inline int mpi_start(void) {
  int provided = MPI_THREAD_SINGLE;
  MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
  return provided >= MPI_THREAD_SERIALIZED;
}

// Lets communication go on, and returns whether a request is done.
static inline int mpi_is_done(MPI_Request *request) {
  int done = 0;
  MPI_Test(request, &done, MPI_STATUS_IGNORE);
  return done;
}
