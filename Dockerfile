# One image for web, worker, beat and every manage.py command; docker-compose.yml shows them together.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    STATIC_ROOT=/srv/static \
    VAR_DIR=/srv/var

# In /srv/var lies the matching engine's compiled code: as a volume, all containers compile it once.
RUN useradd --system --no-create-home --shell /usr/sbin/nologin holdfast \
    && install -d -o holdfast -m 700 /srv/var
WORKDIR /srv/holdfast

COPY requirements.txt .
RUN python -m pip install --require-hashes --only-binary :all: -r requirements.txt

COPY . .
# The values only let the settings load; none of them stays in the image.
RUN SECRET_KEY=for-this-build-step-alone-0123456789-0123456789-0123456789 \
    CONFIDENTIAL_KEYS=build:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    SITE_URL=http://build.invalid ALLOWED_HOSTS=build.invalid \
    python manage.py collectstatic --no-input

USER holdfast
EXPOSE 8000
CMD ["gunicorn", "mentoring.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
