"""Settings -> a TLS context that verifies, and a TLS refusal -> its own sentence."""

import ssl
import stat
from pathlib import Path

from edge.relay.address import BrokerAddress
from edge.relay.errors import BrokerError
from edge.relay.settings import MqttSettings

_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED, openssl x509_vfy.h
_NOT_YET = 9  # X509_V_ERR_CERT_NOT_YET_VALID
_WRONG_HOST = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_WRONG_CA = {18, 19, 20, 21}  # self-signed, self-signed in chain, no local issuer, no leaf signature


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """A context that verifies the broker, with our own certificate where one is set.

    Raises BrokerError where a file cannot be read, or the key is open to others. Blocks on the disk.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise BrokerError(f"ca_file {settings.ca_file!r} is no readable PEM certificate ({error})") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.certificate_file:
        check_private(settings.key_file, "key_file")
        try:
            context.load_cert_chain(settings.certificate_file, settings.key_file)
        except (OSError, ssl.SSLError) as error:
            raise BrokerError(
                f"certificate_file {settings.certificate_file!r} and key_file {settings.key_file!r}"
                f" are no readable PEM pair ({error})"
            ) from error
    return context


def read_password(settings: MqttSettings) -> str | None:
    """The password from its file, without the line's end; None where no file is set. Raises BrokerError."""
    if not settings.password_file:
        return None
    check_private(settings.password_file, "password_file")
    try:
        return Path(settings.password_file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BrokerError(f"password_file {settings.password_file!r} cannot be read ({error})") from error


def check_private(path: str, setting: str) -> None:
    """Refuse a secret that others on this machine may read; BrokerError says how to mend it."""
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        raise BrokerError(f"{setting} {path!r} cannot be read ({error.strerror})") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BrokerError(
            f"{setting} {path!r} may be read by others (mode {stat.S_IMODE(mode):o}): run chmod 600 {path}"
        )


def explain(error: OSError | UnicodeError, address: BrokerAddress) -> str:
    """Why a broker could not be reached, and what would work."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"broker {address} refused: {_explain_certificate(error, address)}"
    if isinstance(error, ssl.SSLError | ConnectionResetError) and address.tls:
        return f"broker {address} does not speak TLS on this port ({error}): use mqtt:// or the broker's TLS port"
    if isinstance(error, TimeoutError):
        return f"broker {address} does not answer: check the host, the port and the firewall"
    if isinstance(error, ConnectionRefusedError):
        return f"broker {address} refused: nothing listens there; is the broker running?"
    return f"broker {address} cannot be reached ({error}): check the host, the port and the network"


def _explain_certificate(error: ssl.SSLCertVerificationError, address: BrokerAddress) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "its certificate has expired; renew it at the broker, or set this machine's clock"
    if code == _NOT_YET:
        return "its certificate is not valid yet; set this machine's clock"
    if code in _WRONG_HOST:
        return f"its certificate is for another host than {address.host!r}; use the name it was made for"
    if code in _WRONG_CA:
        return "its certificate is signed by an authority we do not know; set ca_file to that authority's certificate"
    return f"its certificate does not hold ({error.verify_message})"
