/* row.h: the row of your call, to be put at the end of libos/musl/libos_calls.h. How do the rows there look? */
