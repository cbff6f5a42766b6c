"""Time-stamps of anchors (RFC 3161), an extra: `pip install 'quanheng[timestamp]'`.

The authority signs a hash of the checkpoint's text and a time. The answer is checked against the roots the operator names, here
and by whoever keeps it: `openssl ts -verify -data CHECKPOINT_TEXT -in TOKEN -token_in -CAfile ROOTS`.
"""

import httpx

from sidecar.errors import SettingsError, StoreError

TIMEOUT = 20.0


def timestamp(data: bytes, url: str, roots: bytes) -> tuple[bytes, str]:
    """A time-stamp token (DER) of `data`, and the time it tells, ISO 8601. Raises SettingsError, StoreError."""
    try:
        from cryptography import x509  # noqa: PLC0415 - an extra, as below
        from rfc3161_client import TimestampRequestBuilder, VerificationError, VerifierBuilder, decode_timestamp_response  # noqa: PLC0415
    except ImportError as fault:
        raise SettingsError("TIMESTAMP_NOT_INSTALLED") from fault
    request = TimestampRequestBuilder().data(data).nonce(nonce=True).build()
    try:
        answer = httpx.post(
            url,
            content=request.as_bytes(),
            headers={"Content-Type": "application/timestamp-query"},
            timeout=TIMEOUT,
            trust_env=False,
        )
        answer.raise_for_status()
        response = decode_timestamp_response(answer.content)
    except (httpx.HTTPError, ValueError) as fault:
        raise StoreError("NO_TIMESTAMP", url=url, fault=fault) from fault
    builder = VerifierBuilder.from_request(request)
    for certificate in x509.load_pem_x509_certificates(roots):
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(response, data)
    except VerificationError as fault:
        raise StoreError("TIMESTAMP_DOES_NOT_HOLD", url=url, fault=fault) from fault
    token: bytes = response.time_stamp_token()
    return token, response.tst_info.gen_time.isoformat()
