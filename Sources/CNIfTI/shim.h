#include <nifti/nifti2_io.h>
#include <zlib.h>
