#include <nifti/nifti1.h>
#include <nifti/nifti2.h>
#include <zlib.h>

// Debian's nifti2_io.h includes <znzlib.h> from a folder that compilers do not search by default.
// The few functions that the program calls are therefore declared here, as they are there.
typedef struct { double m[4][4]; } nifti_dmat44;

void nifti_swap_as_nifti1(nifti_1_header *header);
void nifti_swap_as_nifti2(nifti_2_header *header);
void nifti_swap_Nbytes(int64_t count, int size, void *values);
char const *nifti_datatype_to_string(int datatype);
char const *nifti_units_string(int units);
char const *nifti_xform_string(int code);
nifti_dmat44 nifti_quatern_to_dmat44(double qb, double qc, double qd, double qx, double qy, double qz, double dx,
                                     double dy, double dz, double qfac);
void nifti_dmat44_to_quatern(nifti_dmat44 matrix, double *qb, double *qc, double *qd, double *qx, double *qy,
                             double *qz, double *dx, double *dy, double *dz, double *qfac);
void nifti_dmat44_to_orientation(nifti_dmat44 matrix, int *i, int *j, int *k);
