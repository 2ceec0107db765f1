from django.urls import path

from mentoring.owndata import views

app_name = "owndata"
urlpatterns = [
    path("your-data/", views.download, name="download"),
    path("your-data/progress/", views.download_progress, name="download-progress"),
    path("your-data/file/<str:token>/", views.download_file, name="download-file"),
    path("your-data/erase/", views.erase, name="erase"),
    path("your-data/erased/", views.erased, name="erased"),
]
