#include <oneapi/dnnl/dnnl.h>

// OpenMP, whose threads oneDNN computes on; its header belongs to a compiler, not to the library.
void omp_set_num_threads(int count);
int omp_get_max_threads(void);
enum { omp_pause_soft = 1 };
int omp_pause_resource_all(int kind);
