/**
 * The library that makes certificates, loaded when one is made: it takes a tenth of a second, and most processes only
 * read what others made.
 */
export const loadX509 = () => import("./x509-library.ts");

export type { Pkcs10CertificateRequest } from "./x509-library.ts";
